// Draws the faults of the broker; each is asked for where it can strike. The n-th chance of a fault depends on the seed, its
// name and n alone: switching one on or off leaves the others as they were. `arm` forces the next chances, whatever the rate.
import { hash32 } from "../../../shared/domain/hash.ts";
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
  #rates = new Map<BrokerFault, number>();
  readonly #armed = new Map<BrokerFault, number>();
  readonly #chances = new Map<BrokerFault, number>();
  readonly #happened = new Map<BrokerFault, number>();

  constructor(options: BrokerFaultOptions) {
    this.#seed = options.seed;
    this.detachCondition = options.detachCondition ?? "amqp:link:detach-forced";
    this.set(options.faults ?? []);
  }

  /** Switches the faults from now on; what was armed stays armed. */
  set(faults: readonly Fault<FaultNameOf<"broker">>[]): void {
    this.#rates = new Map(faults.filter(({ rate }) => rate > 0).map(({ name, rate }) => [name, rate]));
  }

  arm(fault: BrokerFault, times: number): void {
    this.#armed.set(fault, times);
  }

  /** How often each has struck. */
  happened(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#happened);
  }

  strikes(fault: BrokerFault): boolean {
    const armed = this.#armed.get(fault) ?? 0;
    const rate = this.#rates.get(fault);
    if (armed > 0) this.#armed.set(fault, armed - 1);
    else if (rate === undefined || this.#draw(fault) >= rate) return false;
    this.#happened.set(fault, (this.#happened.get(fault) ?? 0) + 1);
    return true;
  }

  /** Between 1 and `most`: how much of a fault that has struck. */
  upTo(most: number, fault: BrokerFault): number {
    return 1 + Math.floor(this.#draw(fault) * most);
  }

  /** In [0, 1). */
  #draw(fault: BrokerFault): number {
    const chance = (this.#chances.get(fault) ?? 0) + 1;
    this.#chances.set(fault, chance);
    return hash32(`${fault}/${String(chance)}`, this.#seed) / 4_294_967_296;
  }
}
