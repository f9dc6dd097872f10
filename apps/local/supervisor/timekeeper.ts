// Owns virtual time. It moves only when a hold of all hosts and then of the broker has shown that nothing is in flight;
// the order is the proof: a held host that runs nothing sends nothing, so the broker's later answer is final.
import { setTimeout as wait } from "node:timers/promises";
import type { OffsetClock } from "../clock.ts";
import type { BrokerHeld } from "../protocol.ts";
import type { SupervisedChild } from "./child-process.ts";
import type { ClockStore } from "./clock-store.ts";
import type { Fleet } from "./fleet.ts";
import { Freshness } from "./freshness.ts";
import { findTarget } from "./jump-target.ts";
import type { Target } from "./jump-target.ts";
import type { Speed, SupervisorEvent } from "./options.ts";
import type { DueTimer, TimerTable } from "./timer-table.ts";
import { WallGuard } from "./wall-guard.ts";

export interface TimekeeperOptions {
  readonly clock: OffsetClock;
  readonly store: ClockStore;
  readonly fleet: Fleet;
  readonly timers: TimerTable;
  readonly speed: Speed;
  readonly planner: string;
  readonly readWakeAt: () => Promise<number | null>;
  readonly observe: (event: SupervisorEvent) => void;
}

/** Longest wait for a hint before looking again: hints may be lost with a host. */
const LOOK_MS = 20;
/** Length of a slice at X times: short enough that a message is not much late, long enough that holding is cheap. */
const SLICE_MS = 75;

export class Timekeeper {
  readonly #options: TimekeeperOptions;
  readonly #freshness: Freshness;
  readonly #wall = new WallGuard();
  #holds = 0;
  #fires = 0;
  /** How often each timer has fired: its runs go round the instances. */
  readonly #turns = new Map<string, number>();
  #isStopping = false;
  #wake: (() => void) | null = null;
  #isHinted = false;
  /** When nothing was last seen in flight, without anything since; performance.now(). */
  #quietSince: number | null = null;
  #loop: Promise<void> | null = null;

  constructor(options: TimekeeperOptions) {
    this.#options = options;
    this.#freshness = new Freshness(options.readWakeAt);
  }

  run(onFailure: (error: unknown) => void): void {
    this.#loop ??= this.#keepTime().catch(onFailure);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.hint();
    await this.#loop;
  }

  /** Something has changed: look again now. */
  hint(): void {
    this.#isHinted = true;
    this.#wake?.();
  }

  /** What the planner knew may be old. */
  disturb(): void {
    this.#freshness.disturb();
    this.hint();
  }

  async save(): Promise<void> {
    const { clock, store, timers } = this.#options;
    await store.save({ seq: clock.seq, offset: clock.offset, wall: Date.now(), timers: timers.toSaved() });
  }

  async #keepTime(): Promise<void> {
    const { fleet, timers, speed } = this.#options;
    while (!this.#isStopping) {
      await this.#followWall();
      this.#fireDue();
      const isInFlight = timers.isAnyRunning || fleet.isAnyStarting || fleet.isAnyBusy;
      if (isInFlight) this.#quietSince = null;
      const pauseMs = isInFlight || speed.kind === "wall" || speed.kind === "steady" ? LOOK_MS : await this.#tryMove();
      if (pauseMs > 0) await this.#pause(pauseMs);
    }
  }

  async #pause(ms: number): Promise<void> {
    if (!this.#isHinted) {
      const abort = new AbortController();
      const hinted = new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.race([hinted, wait(ms, undefined, { signal: abort.signal }).catch(() => undefined)]);
      abort.abort();
      this.#wake = null;
    }
    this.#isHinted = false;
  }

  #fireDue(): void {
    const { clock, fleet, timers } = this.#options;
    for (const due of timers.due(clock.now())) {
      const { hosts } = fleet;
      const turn = this.#turns.get(due.name) ?? 0;
      const host = hosts[turn % Math.max(1, hosts.length)];
      if (host === undefined) return; // none is up: it stays due
      this.#turns.set(due.name, turn + 1);
      void this.#fire(due, host);
    }
  }

  async #fire({ name, due, isPastDue, status }: DueTimer, host: SupervisedChild): Promise<void> {
    const { clock, fleet, timers, planner, observe } = this.#options;
    const look = name === planner ? this.#freshness.beginLook(fleet.hosts, clock.now()) : null;
    timers.begin(name, clock.now());
    observe({ kind: "timer-fired", at: clock.now(), name, due, isPastDue });
    const ok = await host.fire({ kind: "fire", id: ++this.#fires, name, due, isPastDue, status });
    if (ok === null) timers.lose(name, due);
    else timers.end(name, clock.now());
    if (look === null) this.#freshness.disturb();
    else this.#freshness.endLook(look, ok === true);
    observe({ kind: "timer-ended", at: clock.now(), name, ok: ok === true });
    this.hint();
  }

  /** Holds, moves if nothing is in flight, and lets go again. Answers how long to wait before the next try. */
  async #tryMove(): Promise<number> {
    const { fleet, clock } = this.#options;
    const { hosts } = fleet;
    const broker = fleet.part("broker");
    const held = await this.#hold(hosts, broker);
    let pauseMs = LOOK_MS;
    if (held === null) this.#quietSince = null;
    else pauseMs = await this.#move(hosts, held);
    for (const child of [...hosts, broker]) child?.go(clock.seq);
    return pauseMs;
  }

  /** The broker's word while everything is held and nothing is in flight; null when something is. */
  async #hold(hosts: readonly SupervisedChild[], broker: SupervisedChild | null): Promise<BrokerHeld | null> {
    const { clock, fleet, timers } = this.#options;
    const n = ++this.#holds;
    const answers = await Promise.all(hosts.map((host) => host.hold(n)));
    if (!answers.every((answer) => answer?.of === "host" && answer.running === 0)) return null;
    const answer = await (broker?.hold(n) ?? null);
    if (answer?.of !== "broker" || answer.active + answer.locked > 0) return null;
    if (fleet.isAnyStarting || timers.isAnyRunning || timers.isAnyDue(clock.now())) return null;
    return answer;
  }

  async #move(hosts: readonly SupervisedChild[], { nextDue }: BrokerHeld): Promise<number> {
    const { clock, timers, planner, speed } = this.#options;
    const wakeAt = await this.#freshness.wakeAt(hosts);
    const now = clock.now();
    const plannerDue = wakeAt === "unknown" ? timers.nextOf(planner) : timers.tickFrom(planner, Math.max(wakeAt, now));
    const target = findTarget({ now, brokerDue: nextDue, timerDue: timers.nextOfOthers(planner), plannerDue });
    const step = this.#stepTo(target, now);
    const moved = step > now && (await this.#jump(hosts, { at: step, because: target.because }));
    // Ticks of the planner that were shown to have nothing to do are not made up for.
    if (wakeAt !== "unknown")
      timers.skipTo(
        planner,
        plannerDue !== null && plannerDue <= clock.now() ? plannerDue : (timers.tickFrom(planner, clock.now()) ?? 0),
      );
    if (speed.kind !== "times") return moved ? 0 : 1;
    return Math.max(1, Math.min(SLICE_MS, (target.at - clock.now()) / speed.factor));
  }

  /** At X times: as far as the measured wall time since the last quiet moment allows. */
  #stepTo({ at }: Target, now: number): number {
    const { speed } = this.#options;
    const quiet = performance.now();
    const elapsedMs = quiet - (this.#quietSince ?? quiet);
    this.#quietSince = quiet;
    return speed.kind === "times" ? Math.min(at, Math.floor(now + elapsedMs * (speed.factor - 1))) : at;
  }

  /** On the disk first: whatever happens now, a next start is not before `at`. */
  async #jump(hosts: readonly SupervisedChild[], { at, because }: Target): Promise<boolean> {
    const { clock, store, fleet, timers, observe } = this.#options;
    const from = clock.now();
    const to = { seq: clock.seq + 1, offset: Math.max(clock.offset, clock.offsetFor(at)) };
    await store.save({ ...to, wall: Date.now(), timers: timers.toSaved() });
    // A child that began in the meantime has asked for the old time: it must be ready before time moves.
    if (fleet.isAnyStarting) return false;
    clock.jump(to);
    observe({ kind: "jumped", at: clock.now(), from, because });
    await Promise.all(
      [...hosts, fleet.part("broker"), fleet.part("tenant")].map((child) => child?.jump(to) ?? Promise.resolve()),
    );
    return true;
  }

  /** Somebody has set the machine's clock back: the offset grows by the step, so that virtual time goes on. No hold is
   *  needed, because nobody's now changes by it. */
  async #followWall(): Promise<void> {
    const stepMs = this.#wall.stepBackMs();
    const { clock, fleet } = this.#options;
    if (stepMs > 0 && !fleet.isAnyStarting) {
      await this.#jump(fleet.hosts, { at: (Date.now() + stepMs) * clock.rate + clock.offset, because: "wall" });
    }
  }
}
