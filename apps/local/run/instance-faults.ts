// Faults of whole instances: at looks of the planner, where work begins, and at their starts. Seeded as all faults are.
import { FaultRates } from "../faults/fault-rates.ts";
import type { Fault, FaultNameOf } from "../faults/vocabulary.ts";
import type { Supervisor, SupervisorEvent } from "../supervisor/options.ts";
import { chance } from "../chance.ts";

type InstanceFaultName = FaultNameOf<"instances">;

const AT_LOOKS = ["instance-kill", "instance-stop", "instance-restart"] as const satisfies readonly InstanceFaultName[];
/** Past the start of what has become due, and often before its end; on the wall. */
const DELAY_MS_MAX = 30;
const STOP_MS_MAX = 2_000;
/** Within the margin that a deadline has for clocks (CLOCK_MARGIN_MS in shared/domain/policy.ts). */
const SKEW_MS_MAX = 4 * 60_000;

export interface InstanceFaultsAsk {
  readonly faults: readonly Fault<InstanceFaultName>[];
  readonly seed: number;
  readonly instances: number;
  /** Does it after so long on the wall. */
  readonly later: (delayMs: number, strike: () => void) => void;
}

type Struck = Pick<Supervisor, "killInstance" | "restartInstance" | "freezeInstance">;

export class InstanceFaults {
  readonly #rates: FaultRates<InstanceFaultName>;
  readonly #ask: InstanceFaultsAsk;
  #looks = 0;

  constructor(ask: InstanceFaultsAsk) {
    this.#ask = ask;
    this.#rates = new FaultRates(ask.faults);
  }

  happened(): Readonly<Record<string, number>> {
    return this.#rates.happened();
  }

  /** How far the clock of an instance is off in its n-th life. */
  skewMs(instance: number, start: number): number {
    const life = `${instance}/${start}`;
    if (!this.#strikes("instance-clock", life)) return 0;
    this.#rates.count("instance-clock");
    return Math.round((2 * chance(this.#ask.seed, `skew/${life}`) - 1) * SKEW_MS_MAX);
  }

  /** `supervisor` is null while it starts: nothing can be struck then. */
  onEvent(event: SupervisorEvent, supervisor: Struck | null): void {
    if (supervisor === null || event.kind !== "jumped" || event.because !== "planner") return;
    this.#looks += 1;
    for (const name of AT_LOOKS) {
      const moment = `${name}/${this.#looks}`;
      if (!this.#strikes(name, String(this.#looks))) continue;
      const { seed, instances, later } = this.#ask;
      const instance = Math.floor(chance(seed, `${moment}/instance`) * instances);
      const delayMs = chance(seed, `${moment}/delay`) * DELAY_MS_MAX;
      later(delayMs, () => this.#strike(name, moment, instance, supervisor));
    }
  }

  #strike(name: (typeof AT_LOOKS)[number], moment: string, instance: number, supervisor: Struck): void {
    this.#rates.count(name);
    switch (name) {
      case "instance-kill":
        supervisor.killInstance(instance);
        return;
      case "instance-restart":
        return supervisor.restartInstance(instance);
      case "instance-stop":
        return supervisor.freezeInstance(instance, chance(this.#ask.seed, `${moment}/length`) * STOP_MS_MAX);
    }
  }

  #strikes(name: InstanceFaultName, moment: string): boolean {
    return chance(this.#ask.seed, `${name}/${moment}`) < this.#rates.of(name);
  }
}
