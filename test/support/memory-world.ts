// The whole pipeline on memory ports and a clock that jumps: planner, handlers, registration checks, and people who register. What is
// real here is everything but the adapters.
import { loadAll } from "../../apps/local/run/witness.ts";
import { zoneCalendar } from "../../shared/calendar/zone-calendar.ts";
import { parseStepMessage } from "../../shared/codec/step-message.ts";
import type { Enrollment } from "../../shared/domain/enrollment.ts";
import { addPhases } from "../../shared/domain/header.ts";
import type { Instant } from "../../shared/domain/instant.ts";
import { DAY_MS, FAR_FUTURE, HOUR_MS, MINUTE_MS } from "../../shared/domain/instant.ts";
import { budgetFrom } from "../../shared/domain/ledger.ts";
import type { Step } from "../../shared/domain/names.ts";
import { pendingOf } from "../../shared/domain/progress.ts";
import type { RolloutSpec } from "../../shared/domain/spec.ts";
import { MemoryFaults } from "../../shared/memory/memory-faults.ts";
import type { MemoryStepQueue } from "../../shared/memory/memory-step-queue.ts";
import type { MemoryTenant } from "../../shared/memory/memory-tenant.ts";
import { SeededRandom } from "../../shared/memory/seeded-chance.ts";
import type { VirtualClock } from "../../shared/memory/virtual-clock.ts";
import { applyRollout } from "../../shared/pipeline/apply-rollout.ts";
import { checkRegistration, readReport } from "../../shared/pipeline/check-registration.ts";
import { enableBatch } from "../../shared/pipeline/enable-batch.ts";
import { enforceBatch } from "../../shared/pipeline/enforce-batch.ts";
import { measureRollout } from "../../shared/pipeline/measure-progress.ts";
import { notifyBatch } from "../../shared/pipeline/notify-batch.ts";
import { planRollout } from "../../shared/pipeline/plan-rollout.ts";
import type { PlanResult } from "../../shared/pipeline/plan-waves.ts";
import { planWaves } from "../../shared/pipeline/plan-waves.ts";
import { receiveNudge } from "../../shared/pipeline/receive-nudge.ts";
import { restoreBatch } from "../../shared/pipeline/restore-batch.ts";
import type { StepHandler } from "../../shared/pipeline/run-step.ts";
import { watchDrift } from "../../shared/pipeline/watch-drift.ts";
import { createMemoryDeps } from "./memory-deps.ts";

/** Monday, 2 March 2026, 06:00 UTC: an hour before the sample's pilot. */
export const START = Date.UTC(2026, 2, 2, 6);
const REGISTRATION_EVERY_MS = 6 * HOUR_MS;
const DELIVERIES_MAX = 10;

const HANDLERS: Readonly<Record<Step, StepHandler>> = {
  enable: enableBatch,
  notify: notifyBatch,
  enforce: enforceBatch,
  restore: restoreBatch,
};

export interface WorldOptions {
  readonly seed?: number;
  readonly writesPer150s?: number;
  readonly noticeSenders?: readonly string[];
  readonly mailsPerDay?: number;
  /** `each-minute`: as the timer does in Azure; else only when the planner has said that it waits for something. */
  readonly ticks?: "when-needed" | "each-minute";
}

export class MemoryWorld {
  readonly clock: VirtualClock;
  readonly tenant: MemoryTenant;
  readonly queue: MemoryStepQueue;
  /** Of tables and queue. */
  readonly faults: MemoryFaults;
  readonly counts = { read: 0, transaction: 0 };
  readonly deps: ReturnType<typeof createMemoryDeps>["deps"];
  /** What the handlers of each step asked of the tables, and how many messages they took. */
  readonly spent = new Map<Step, { read: number; transaction: number; messages: number }>();
  readonly #acts: { readonly at: Instant; readonly act: () => void }[] = [];
  readonly #deliveries = new Map<string, number>();
  readonly #ticks: "when-needed" | "each-minute";
  /** How often the planner looked. */
  looks = 0;
  #nextTick: Instant = START;
  #nextCheck: Instant = START + REGISTRATION_EVERY_MS;
  #wakeAt: Instant = 0;

  constructor({
    seed = 1,
    writesPer150s = 2_850,
    noticeSenders = [],
    mailsPerDay = 10_000,
    ticks = "when-needed",
  }: WorldOptions = {}) {
    this.faults = new MemoryFaults(new SeededRandom(seed));
    this.#ticks = ticks;
    const count = (kind: "read" | "transaction"): void => {
      this.counts[kind] += 1;
    };
    const budget = budgetFrom({ writesPer150s, mailsPerMinute: 30, mailsPerDay });
    const made = createMemoryDeps(START, { seed, budget, noticeSenders, faults: this.faults, count });
    ({ deps: this.deps, clock: this.clock, tenant: this.tenant, queue: this.queue } = made);
  }

  /** Somebody's own act, at its time. */
  at(at: Instant, act: () => void): void {
    this.#acts.push({ at, act });
    this.#acts.sort((a, b) => a.at - b.at);
  }

  async apply(spec: RolloutSpec): Promise<void> {
    const users = [...this.tenant.people.values()].map(({ user }) => user);
    const now = this.clock.now();
    const report = await readReport(this.deps.directory, now);
    const { breakGlass } = this.tenant;
    await applyRollout(
      this.deps,
      planRollout({ spec, users, ...report, breakGlass, calendar: zoneCalendar(spec.timeZone), now }),
    );
  }

  /** One look of the planner, now. */
  async tick(): Promise<PlanResult> {
    this.looks += 1;
    const result = await planWaves(this.deps);
    this.#wakeAt = result.wakeAt;
    return result;
  }

  /** Hands over all messages that are due now, one after the other. */
  async deliver(): Promise<void> {
    for (const message of this.queue.takeDue(this.clock.now())) {
      const body: unknown = JSON.parse(message.body);
      const metadata = { messageId: message.id, deliveryCount: 1 };
      const handler = HANDLERS[message.step];
      const received = { queue: `mfa-${message.step}`, body, metadata };
      const before = { ...this.counts };
      try {
        await receiveNudge(this.deps, parseStepMessage(body), received, handler);
      } catch (error) {
        // As the host: given back at once, until the queue gives up.
        const deliveries = (this.#deliveries.get(message.id) ?? 1) + 1;
        this.#deliveries.set(message.id, deliveries);
        if (deliveries > DELIVERIES_MAX) throw error;
        this.queue.putBack(message);
      }
      this.#spend(message.step, before);
    }
  }

  #spend(step: Step, before: { readonly read: number; readonly transaction: number }): void {
    const spent = this.spent.get(step) ?? { read: 0, transaction: 0, messages: 0 };
    spent.read += this.counts.read - before.read;
    spent.transaction += this.counts.transaction - before.transaction;
    spent.messages += 1;
    this.spent.set(step, spent);
  }

  /**
   * Until every enrollment is final or held.
   *
   * @throws when that does not happen within `mostMs` of virtual time
   */
  async runToEnd(rollout: string, mostMs = 120 * DAY_MS): Promise<void> {
    const end = this.clock.now() + mostMs;
    while (this.clock.now() < end) {
      await this.step();
      if (await this.isOver(rollout)) return;
    }
    throw new Error(`somebody is still pending after ${String(mostMs / DAY_MS)} days`);
  }

  /** Moves to the next instant at which something is due, and does it. */
  async step(): Promise<void> {
    // A timer looks at whole minutes, whatever instant the planner named.
    const wanted = this.#ticks === "each-minute" ? 0 : Math.ceil(this.#wakeAt / MINUTE_MS) * MINUTE_MS;
    const tick = Math.max(this.#nextTick, wanted);
    const act = this.#acts[0]?.at ?? FAR_FUTURE;
    const at = Math.min(tick, this.#nextCheck, this.queue.nextAt, act);
    this.clock.moveTo(at);
    const now = this.clock.now();
    while ((this.#acts[0]?.at ?? FAR_FUTURE) <= now) this.#acts.shift()?.act();
    await this.deliver();
    if (this.#nextCheck <= now) {
      await checkRegistration(this.deps);
      await watchDrift(this.deps);
      this.#nextCheck = now + REGISTRATION_EVERY_MS;
      this.#wakeAt = 0; // rows may have changed: the planner looks again
    }
    if (tick <= now) {
      await this.tick();
      this.#nextTick = Math.floor(now / MINUTE_MS + 1) * MINUTE_MS;
    }
  }

  async isOver(rollout: string): Promise<boolean> {
    try {
      const waves = await measureRollout(this.deps, rollout);
      return pendingOf(addPhases(waves.map(({ phases }) => phases))) === 0;
    } catch {
      return false; // tables are down at the moment
    }
  }

  async enrollments(rollout: string): Promise<readonly Enrollment[]> {
    const all: Enrollment[] = [];
    for await (const { rows } of loadAll(this.deps, rollout)) all.push(...rows.map(({ enrollment }) => enrollment));
    return all;
  }
}
