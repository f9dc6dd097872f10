// How often each fault of a part is to happen, switched while it runs, and how often it has.
import type { Fault, FaultName } from "./vocabulary.ts";

export class FaultRates<Name extends FaultName> {
  #faults: ReadonlyMap<string, Fault<Name>> = new Map();
  readonly #happened = new Map<string, number>();

  constructor(faults: readonly Fault<Name>[]) {
    this.set(faults);
  }

  /** From now on; what has happened stays counted. */
  set(faults: readonly Fault<Name>[]): void {
    this.#faults = new Map(faults.filter(({ rate }) => rate > 0).map((fault) => [fault.name, fault]));
  }

  /** 0 to 1; 0 for what is off, and for what a test alone can do. */
  of(name: string): number {
    return this.#faults.get(name)?.rate ?? 0;
  }

  get areOff(): boolean {
    return this.#faults.size === 0;
  }

  current(): readonly Fault<Name>[] {
    return [...this.#faults.values()];
  }

  count(name: string): void {
    this.#happened.set(name, (this.#happened.get(name) ?? 0) + 1);
  }

  happened(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#happened);
  }
}
