// What the planner needs to know of a batch without reading its rows. Commits in the same transaction as the rows, so it is exact.
import type { Due } from "./due.ts";
import { dueOf } from "./due.ts";
import type { Enrollment, Phase } from "./enrollment.ts";
import { PHASES } from "./enrollment.ts";
import type { Instant } from "./instant.ts";
import { FAR_FUTURE, MINUTE_MS } from "./instant.ts";
import type { Step } from "./names.ts";
import { STEPS } from "./names.ts";
import type { Sample } from "./sample.ts";
import type { Policy } from "./policy.ts";

/** Who is due first, and all who follow within a minute: one message for them, when the last of them is due. */
export interface StepDue {
  /** The last due instant of these rows; FAR_FUTURE = nothing. Rows that are due later still are not counted. */
  readonly at: Instant;
  readonly count: number;
  readonly writes: number;
}

export interface Header {
  /** Grows by one with each save; what a released nudge is measured by. */
  readonly seq: number;
  readonly phases: Readonly<Record<Phase, number>>;
  readonly due: Readonly<Record<Step, StepDue>>;
  /** Why users of this batch failed: reason → how many. */
  readonly failures: Readonly<Record<string, number>>;
  /** Notices of this batch by outcome. */
  readonly notices: { readonly sent: number; readonly uncertain: number };
  /** Graph writes ever started for this batch: what a release spent is the difference. */
  readonly writes: number;
  /** A handler scheduled its own nudge for then; 0 = none. */
  readonly nudgeAt: Instant;
  /** Hash of the newest journal entry. */
  readonly chain: string;
  /** Of the newest writes: who is looked at later. Absent before the first, and in rows of older builds. */
  readonly sample?: Sample;
}

export type Summary = Omit<Header, "seq" | "writes" | "nudgeAt" | "chain" | "sample">;

export function summarize(rows: readonly Enrollment[], policy: Policy): Summary {
  const dues = rows.map((row) => dueOf(row, policy)).filter((due) => due !== null);
  const failures: Record<string, number> = {};
  for (const { state } of rows) {
    if (state.phase === "failed") failures[state.reason] = (failures[state.reason] ?? 0) + 1;
  }
  return {
    phases: countPhases(rows),
    due: {
      enable: summarizeStep("enable", dues),
      notify: summarizeStep("notify", dues),
      enforce: summarizeStep("enforce", dues),
      restore: summarizeStep("restore", dues),
    },
    failures,
    notices: { sent: countNotices(rows, "sent"), uncertain: countNotices(rows, "uncertain") },
  };
}

function countNotices(rows: readonly Enrollment[], outcome: "sent" | "uncertain"): number {
  return rows.reduce((sum, row) => sum + row.notices.filter((record) => record.outcome === outcome).length, 0);
}

export const NOTHING_DUE: StepDue = { at: FAR_FUTURE, count: 0, writes: 0 };

function summarizeStep(step: Step, dues: readonly Due[]): StepDue {
  const ofStep = dues.filter((due) => due.step === step);
  if (ofStep.length === 0) return NOTHING_DUE;
  const first = Math.min(...ofStep.map((due) => due.at));
  const together = ofStep.filter((due) => due.at <= first + MINUTE_MS);
  // A message at the first one's instant would find the others not due yet, and what it takes from the budgets were taken in vain.
  const at = Math.max(...together.map((due) => due.at));
  return { at, count: together.length, writes: together.reduce((sum, due) => sum + due.writes, 0) };
}

function countPhases(rows: readonly Enrollment[]): Record<Phase, number> {
  const counts = emptyPhases();
  for (const row of rows) counts[row.state.phase] += 1;
  return counts;
}

export function emptyPhases(): Record<Phase, number> {
  return {
    queued: 0,
    enabled: 0,
    notified: 0,
    enforced: 0,
    failed: 0,
    excluded: 0,
    held: 0,
    restoring: 0,
    restored: 0,
  };
}

export function addPhases(counts: readonly Readonly<Record<Phase, number>>[]): Record<Phase, number> {
  const sum = emptyPhases();
  for (const count of counts) for (const phase of PHASES) sum[phase] += count[phase];
  return sum;
}

/** The step of a batch that is due first; restore before all, then what binds, then what tells, then what begins. */
export const STEP_ORDER = ["restore", "enforce", "notify", "enable"] as const satisfies readonly Step[];

/** The least instant at which any step of the batch is due. */
export function nextDue(header: Header): Instant {
  return Math.min(...STEPS.map((step) => header.due[step].at));
}
