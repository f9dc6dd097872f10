// Each port call is two events, its effect and its answer, at instants of their own. A crash of the caller between them, a wait of
// minutes, or somebody else's act in the middle of it: all races of the real world come from that alone.
import type { Clock } from "../../../shared/ports/clock.ts";
import { HTTP_CALL_MS } from "../../../shared/domain/policy.ts";
import { MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { SeededRandom } from "../../../shared/memory/seeded-chance.ts";
import type { Swarm } from "./faults.ts";
import type { Scheduler } from "./scheduler.ts";

/** Who calls: an instance of the app, or an operator. What was begun in an earlier life never goes on. */
export interface Caller {
  readonly name: string;
  readonly kind: "instance" | "operator";
  life: number;
  readonly clock: Clock;
}

const LATENCY_MOST_MS = 40;
const LATE_MOST_MS = 25 * MINUTE_MS;

export interface CallHooks {
  /** An instance is in the middle of something: others may act now. */
  readonly between: () => void;
  readonly crash: (caller: Caller) => void;
  readonly trace: (what: string) => void;
}

type Settled<T> = { readonly kind: "value"; readonly value: T } | { readonly kind: "error"; readonly error: Error };

export class PortCalls {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly swarm: Swarm;
  readonly #hooks: CallHooks;

  constructor(scheduler: Scheduler, random: SeededRandom, swarm: Swarm, hooks: CallHooks) {
    this.scheduler = scheduler;
    this.random = random;
    this.swarm = swarm;
    this.#hooks = hooks;
  }

  /**
   * @param effect what happens at the other end; a memory adapter does it at once
   * @param late what the caller is told when the effect comes after it gave up; absent: the effect is never that late
   */
  call<T>(caller: Caller, what: string, effect: () => Promise<T>, late?: () => Promise<T>): Promise<T> {
    const { scheduler, swarm, random } = this;
    const { life } = caller;
    const isOfApp = caller.kind === "instance";
    const crash = isOfApp && swarm.strikes("instance-crash") ? (random.next() < 0.5 ? "before" : "after") : "none";
    const isLate = late !== undefined && swarm.strikes("graph-late-effect");
    const frozenMs = isOfApp && swarm.strikes("instance-frozen") ? this.upTo(LATE_MOST_MS) : 0;
    const effectMs = isLate ? HTTP_CALL_MS + this.upTo(LATE_MOST_MS) : this.latency();
    const answerMs = isLate ? HTTP_CALL_MS : effectMs + this.latency() + frozenMs;
    return new Promise<T>((resolve, reject) => {
      let settled: Settled<T> | null = null;
      const run = (made: Promise<T>): Promise<void> =>
        made.then(
          (value) => void (settled = { kind: "value", value }),
          (error: unknown) =>
            void (settled = { kind: "error", error: error instanceof Error ? error : new Error(String(error)) }),
        );
      const answer = (): void => {
        if (caller.life !== life || settled === null) return;
        if (settled.kind === "value") resolve(settled.value);
        else reject(settled.error);
      };
      if (crash !== "none") {
        const at = crash === "before" ? 0 : effectMs;
        scheduler.at(scheduler.now + at, `${caller.name}: crashes`, () => this.#hooks.crash(caller));
        if (crash === "before") return;
      }
      scheduler.at(scheduler.now + effectMs, `${caller.name}: ${what}`, () => {
        this.#hooks.trace(`${caller.name}: ${what}`);
        const made = effect();
        if (isLate)
          made.catch(() => undefined); // nobody hears of it any more
        else void run(made);
      });
      if (isOfApp) this.#hooks.between();
      scheduler.at(scheduler.now + answerMs, `${caller.name}: answer of ${what}`, () => {
        if (isLate) void run(late()).then(answer);
        else answer();
      });
    });
  }

  latency(): number {
    return 1 + this.upTo(LATENCY_MOST_MS);
  }

  /** Whole milliseconds in [0, most). */
  upTo(most: number): number {
    return Math.floor(this.random.next() * most);
  }

  chance(rate: number): boolean {
    return this.random.next() < rate;
  }
}
