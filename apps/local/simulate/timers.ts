// The app's timers: the planner at the minutes at which it has something to do, the registration check and the sweep by their schedules.
// Late, doubled, or gone for a day when the seed says so.
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { checkRegistration } from "../../../shared/pipeline/check-registration.ts";
import { measureProgress } from "../../../shared/pipeline/measure-progress.ts";
import { planWaves } from "../../../shared/pipeline/plan-waves.ts";
import type { Caller, PortCalls } from "./port-calls.ts";
import type { SimDeps } from "./sim-deps.ts";

export interface TimerHooks {
  readonly receiver: () => Caller | null;
  readonly depsOf: (caller: Caller) => SimDeps;
  /** Runs until the instance dies; `ended` hears of it either way. */
  readonly run: (caller: Caller, what: string, work: () => Promise<unknown>, ended: (result: unknown) => void) => void;
}

export class Timers {
  readonly #calls: PortCalls;
  readonly #hooks: TimerHooks;
  /** Only the newest tick that was set counts. */
  #tick = 0;
  #tickAt: Instant = 0;
  #isPlanning = false;
  #isDisturbed = false;

  constructor(calls: PortCalls, hooks: TimerHooks) {
    this.#calls = calls;
    this.#hooks = hooks;
  }

  begin(): void {
    this.#tickNoLaterThan(0);
    this.#every("check registration", 6 * HOUR_MS, (deps) => checkRegistration(deps));
    this.#every("measure progress", DAY_MS, (deps) => measureProgress(deps));
  }

  /** Rows may have changed: the next whole minute finds out. */
  disturb(): void {
    if (this.#isPlanning) this.#isDisturbed = true;
    else this.#tickNoLaterThan(0);
  }

  #tickNoLaterThan(wakeAt: Instant): void {
    const { scheduler, swarm } = this.#calls;
    const nextMinute = (Math.floor(scheduler.now / MINUTE_MS) + 1) * MINUTE_MS;
    let at = Math.max(nextMinute, Math.ceil(wakeAt / MINUTE_MS) * MINUTE_MS);
    if (this.#tickAt > scheduler.now && this.#tickAt <= at) return;
    if (swarm.strikes("timer-late")) at += this.#calls.upTo(HOUR_MS);
    this.#tick += 1;
    this.#tickAt = at;
    const tick = this.#tick;
    scheduler.at(at, "timer: plan", () => {
      if (tick === this.#tick) this.#plan();
    });
  }

  #plan(): void {
    const caller = this.#hooks.receiver();
    if (caller === null) {
      this.#tickNoLaterThan(0);
      return;
    }
    this.#isPlanning = true;
    this.#isDisturbed = false;
    this.#hooks.run(
      caller,
      "plan",
      () => planWaves(this.#hooks.depsOf(caller)),
      (result) => {
        this.#isPlanning = false;
        this.#tickNoLaterThan(this.#isDisturbed ? 0 : wakeOf(result));
      },
    );
    if (!this.#calls.swarm.strikes("timer-twice")) return;
    const second = this.#hooks.receiver();
    if (second !== null) {
      this.#hooks.run(
        second,
        "plan at the same time",
        () => planWaves(this.#hooks.depsOf(second)),
        () => this.disturb(),
      );
    }
  }

  #every(what: string, everyMs: number, work: (deps: SimDeps) => Promise<unknown>): void {
    const { scheduler, swarm } = this.#calls;
    const next = (Math.floor(scheduler.now / everyMs) + 1) * everyMs;
    const lateMs = swarm.strikes("timer-gone-for-a-day") ? DAY_MS : 0;
    scheduler.at(next + lateMs, `timer: ${what}`, () => {
      const caller = this.#hooks.receiver();
      if (caller !== null)
        this.#hooks.run(
          caller,
          what,
          () => work(this.#hooks.depsOf(caller)),
          () => this.disturb(),
        );
      this.#every(what, everyMs, work);
    });
  }
}

/** 0 = nobody knows: the next minute. */
function wakeOf(result: unknown): Instant {
  const isKnown = typeof result === "object" && result !== null && "wakeAt" in result;
  return isKnown && typeof result.wakeAt === "number" ? result.wakeAt : 0;
}
