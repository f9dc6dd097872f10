// Table `control`: the row that each handler reads, and the planner's ledger.
import type { Control } from "../domain/control.ts";
import type { Ledger } from "../domain/ledger.ts";
import type { Stored } from "./rollout-store.ts";

export interface ControlStore {
  /** One point read; a tenant without a row has the default, which the first update creates. @throws Unavailable */
  readControl(): Promise<Stored<Control>>;
  /**
   * Reads, changes, writes `If-Match`; again on a conflict, at most five times.
   *
   * @param change pure; called again with what somebody else wrote. The same object back = nothing to write.
   * @throws Conflict after the fifth · Unavailable
   */
  updateControl(change: (control: Control) => Control): Promise<Control>;
  /** `null` before the first planner run. @throws Unavailable */
  readLedger(): Promise<Stored<Ledger> | null>;
  /** Creates (`etag` null) or replaces. Losing the ETag means: send nothing. @throws Conflict · Unavailable */
  saveLedger(ledger: Ledger, etag: string | null): Promise<void>;
}
