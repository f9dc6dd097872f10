// Faults of the memory adapters: each is asked for where it can strike. A test arms the next chances; a simulation gives rates.
import type { Randomness } from "../ports/chance.ts";

/**
 * `unavailable`: nothing was done. `lost-answer`: done, and the answer lost. `conflict`: somebody else was first.
 * `conflict-after-commit`: done, and the SDK's second try met the first. `empty-page`: no row, and a token.
 * `lost-message`, `doubled-message`: of the step queue.
 */
export type MemoryFault =
  | "unavailable"
  | "lost-answer"
  | "conflict"
  | "conflict-after-commit"
  | "empty-page"
  | "lost-message"
  | "doubled-message";

/** What an adapter asks. */
export interface FaultSource {
  strikes(fault: MemoryFault): boolean;
}

export class MemoryFaults implements FaultSource {
  #rates: Partial<Record<MemoryFault, number>>;
  readonly #random: Randomness;
  readonly #armed = new Map<MemoryFault, number>();
  readonly #struck = new Map<MemoryFault, number>();

  constructor(random: Randomness, rates: Partial<Record<MemoryFault, number>> = {}) {
    this.#random = random;
    this.#rates = rates;
  }

  /** From now on. */
  setRates(rates: Partial<Record<MemoryFault, number>>): void {
    this.#rates = rates;
  }

  /** The next chances strike, whatever the rate. */
  arm(fault: MemoryFault, times = 1): void {
    this.#armed.set(fault, times);
  }

  strikes(fault: MemoryFault): boolean {
    const armed = this.#armed.get(fault) ?? 0;
    if (armed > 0) this.#armed.set(fault, armed - 1);
    else if (!this.#drawn(fault)) return false;
    this.#struck.set(fault, this.struck(fault) + 1);
    return true;
  }

  /** How often it happened: a fault that never did proves nothing. */
  struck(fault: MemoryFault): number {
    return this.#struck.get(fault) ?? 0;
  }

  #drawn(fault: MemoryFault): boolean {
    const rate = this.#rates[fault] ?? 0;
    return rate > 0 && this.#random.next() < rate;
  }
}

export const NO_FAULTS: FaultSource = { strikes: () => false };
