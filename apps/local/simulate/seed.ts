// What one seed is asked to run, and what it answers.
import type { SimFault } from "./faults.ts";
import type { Violation } from "./oracle.ts";

export interface SeedOptions {
  readonly seed: number;
  readonly users: number;
  readonly faults: readonly SimFault[];
  /** Operators act and people change their minds. */
  readonly acts: boolean;
}

export interface SeedResult {
  readonly violations: readonly Violation[];
  readonly steps: number;
  readonly checks: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly reached: ReadonlyMap<string, number>;
  readonly traceHash: string;
  readonly lastSteps: readonly string[];
}
