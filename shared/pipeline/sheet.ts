// A batch while a handler works on it: its rows as they are becoming, and the events that made them so, which are applied anew when
// somebody else saved in between.
import type { Enrollment } from "../domain/enrollment.ts";
import type { EnrollmentEvent } from "../domain/event.ts";
import type { KnownMfaState, MfaState } from "../domain/names.ts";
import type { Policy } from "../domain/policy.ts";
import { transition } from "../domain/transition.ts";
import type { Batch, Row } from "../ports/batch-store.ts";

export interface SlotEvent {
  readonly slot: number;
  readonly event: EnrollmentEvent;
}

export class Sheet {
  readonly policy: Policy;
  batch: Batch;
  /** Events since the last save. */
  events: SlotEvent[] = [];
  /** Graph writes started since the last save. */
  writes = 0;
  /** Writes that were answered with success since the last save: one of them is looked at later. */
  written: { readonly slot: number; readonly mfaState: KnownMfaState }[] = [];
  /** MFA states read in this run of the step. */
  readonly seen = new Map<number, MfaState>();
  readonly #rows: Map<number, Enrollment>;
  readonly #changed = new Set<number>();

  constructor(batch: Batch, policy: Policy) {
    this.batch = batch;
    this.policy = policy;
    this.#rows = new Map(batch.rows.map(({ slot, enrollment }) => [slot, enrollment]));
  }

  get rows(): readonly Row[] {
    return [...this.#rows].map(([slot, enrollment]) => ({ slot, enrollment }));
  }

  get enrollments(): readonly Enrollment[] {
    return [...this.#rows.values()];
  }

  get changed(): readonly Row[] {
    return this.rows.filter(({ slot }) => this.#changed.has(slot));
  }

  row(slot: number): Row {
    const enrollment = this.#rows.get(slot);
    if (enrollment === undefined) throw new Error(`batch has no slot ${slot}`);
    return { slot, enrollment };
  }

  apply(slot: number, event: EnrollmentEvent): void {
    const { enrollment } = this.row(slot);
    const outcome = transition(enrollment, event, this.policy);
    if (outcome.kind !== "moved") return;
    this.#rows.set(slot, outcome.next);
    this.#changed.add(slot);
    this.events.push({ slot, event });
  }

  saved(batch: Batch): void {
    this.batch = batch;
    this.events = [];
    this.writes = 0;
    this.written = [];
    this.#changed.clear();
  }
}
