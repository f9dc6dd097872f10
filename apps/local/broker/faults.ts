// Draws the faults of the broker; each is asked for where it can strike. The n-th chance of a fault depends on the seed, its
// name and n alone: switching one on or off leaves the others as they were. `arm` forces the next chances, whatever the rate.
import { chance } from "../chance.ts";
import { FaultRates } from "../faults/fault-rates.ts";
import type { Fault, FaultNameOf } from "../faults/vocabulary.ts";

/** `fail-write` is for tests alone: the log's next write fails as on a full disk, and the broker is of no use any more. */
export type BrokerFault = FaultNameOf<"broker"> | "fail-write";

export interface BrokerFaultOptions {
  readonly seed: number;
  readonly faults?: readonly Fault<FaultNameOf<"broker">>[];
  /** The condition of `bus-detach`. */
  readonly detachCondition?: string;
}

export class BrokerFaults {
  readonly detachCondition: string;
  readonly #seed: number;
  readonly #rates: FaultRates<FaultNameOf<"broker">>;
  readonly #armed = new Map<BrokerFault, number>();
  readonly #chances = new Map<BrokerFault, number>();

  constructor(options: BrokerFaultOptions) {
    this.#seed = options.seed;
    this.detachCondition = options.detachCondition ?? "amqp:link:detach-forced";
    this.#rates = new FaultRates(options.faults ?? []);
  }

  /** Switches the faults from now on; what was armed stays armed. */
  set(faults: readonly Fault<FaultNameOf<"broker">>[]): void {
    this.#rates.set(faults);
  }

  arm(fault: BrokerFault, times: number): void {
    this.#armed.set(fault, times);
  }

  /** How often each has struck. */
  happened(): Readonly<Record<string, number>> {
    return this.#rates.happened();
  }

  strikes(fault: BrokerFault): boolean {
    const armed = this.#armed.get(fault) ?? 0;
    const rate = this.#rates.of(fault);
    if (armed > 0) this.#armed.set(fault, armed - 1);
    else if (rate === 0 || this.#draw(fault) >= rate) return false;
    this.#rates.count(fault);
    return true;
  }

  /** Between 1 and `most`: how much of a fault that has struck. */
  upTo(most: number, fault: BrokerFault): number {
    return 1 + Math.floor(this.#draw(fault) * most);
  }

  /** In [0, 1). */
  #draw(fault: BrokerFault): number {
    const turn = (this.#chances.get(fault) ?? 0) + 1;
    this.#chances.set(fault, turn);
    return chance(this.#seed, `${fault}/${String(turn)}`);
  }
}
