// Seeded faults of the table server: each request may meet one. Which of them a request can meet is told by what it is.
import type { IncomingMessage } from "node:http";
import { chance } from "../chance.ts";
import { FaultRates } from "../faults/fault-rates.ts";
import type { Fault, FaultNameOf } from "../faults/vocabulary.ts";

export type TableFaultName = FaultNameOf<"tables">;

/** An outage ends after this time on the wall: clients try again on the wall, too. */
const OUTAGE_MS_MAX = 3_000;
const SECOND_SHARE = 0.5;

export interface Drawn {
  readonly name: TableFaultName;
  /** Whether what was asked is done all the same; only a change can be told so. */
  readonly isDone: boolean;
}

export class TableFaults {
  readonly #seed: number;
  readonly #rates: FaultRates<TableFaultName>;
  #requests = 0;
  #outageUntil = 0;

  constructor(faults: readonly Fault<TableFaultName>[], seed: number) {
    this.#seed = seed;
    this.#rates = new FaultRates(faults);
  }

  /** Switches the faults from now on; an outage under way ends. */
  set(faults: readonly Fault<TableFaultName>[]): void {
    this.#rates.set(faults);
    this.#outageUntil = 0;
  }

  /** Of the faults drawn, those that did something. */
  happened(): Readonly<Record<string, number>> {
    return this.#rates.happened();
  }

  count(name: TableFaultName): void {
    this.#rates.count(name);
  }

  draw({ method = "GET", headers }: Pick<IncomingMessage, "method" | "headers">): Drawn | null {
    if (this.#rates.areOff) return null;
    this.#requests += 1;
    if (performance.now() < this.#outageUntil) return { name: "table-outage", isDone: false };
    const isWrite = method !== "GET";
    if (this.#strikes("table-outage")) {
      this.#outageUntil = performance.now() + this.#number("length") * OUTAGE_MS_MAX;
      return { name: "table-outage", isDone: false };
    }
    if (this.#strikes("table-busy")) return { name: "table-busy", isDone: false };
    if (!isWrite) return null;
    if (this.#strikes("table-lost-answer")) return { name: "table-lost-answer", isDone: true };
    if (this.#strikes("table-exists")) return { name: "table-exists", isDone: true };
    if (!this.#strikes("table-changed")) return null;
    const hasEtag = headers["if-match"] !== undefined && headers["if-match"] !== "*";
    return { name: "table-changed", isDone: !hasEtag || this.#number("done") < SECOND_SHARE };
  }

  #strikes(name: TableFaultName): boolean {
    return this.#number(name) < this.#rates.of(name);
  }

  #number(what: string): number {
    return chance(this.#seed, `${what}/${this.#requests}`);
  }
}
