// Reads the MFA state of the users on whom a step is to act: the prior before the first write, the difference before any other.
import type { Instant } from "../domain/instant.ts";
import { GRAPH_BATCH_STEPS, slice } from "../domain/slice.ts";
import type { Read } from "../ports/directory.ts";
import { looksOpen, pauseRollout } from "./circuit.ts";
import { earlierNudge } from "./earlier-nudge.ts";
import { applyFailures, judgeReads, throttledOf } from "./judge.ts";
import { announceRest } from "./rest.ts";
import type { StepResult, StepWork } from "./run-step.ts";
import { settleDue } from "./settle-due.ts";
import type { StepDeps } from "./step-deps.ts";

type Looked =
  { readonly kind: "looked"; readonly nudgeAt: Instant } | { readonly kind: "stopped"; readonly result: StepResult };

/**
 * An answer that says nothing is no answer: a try that counts and is followed by a wait. Left as a look that went well, it would leave
 * the row due as it was, and the same user would be looked at for ever.
 */
export function unknownAsUnanswered<T>(reads: readonly Read<T>[]): readonly Read<T>[] {
  return reads.map((read) =>
    read.kind === "read" && read.value === "unknown" ? { kind: "failed", answer: { kind: "none" } } : read,
  );
}

async function observeStates(deps: StepDeps, work: StepWork, slots: readonly number[]): Promise<Looked> {
  const { sheet, nudge } = work;
  let nudgeAt: Instant = 0;
  const parts = slice(slots, GRAPH_BATCH_STEPS);
  // A batch is two calls of Graph: side by side, since nothing is written by them.
  const all = await Promise.all(
    parts.map((part) => deps.directory.readMfaStates(part.map((slot) => sheet.row(slot).enrollment.userId))),
  );
  for (const [partIndex, part] of parts.entries()) {
    const answers = all[partIndex] ?? [];
    if (looksOpen(judgeReads(part, answers))) {
      await pauseRollout(deps, nudge, "Graph refuses to show MFA states: the reader's permission is gone");
      return { kind: "stopped", result: { result: "refused", acted: 0, failed: 0 } };
    }
    const reads = unknownAsUnanswered(answers);
    const judged = judgeReads(part, reads);
    const now = deps.clock.now();
    part.forEach((slot, index) => {
      const read = reads[index];
      if (read?.kind !== "read") return;
      sheet.seen.set(slot, read.value);
      sheet.apply(slot, { kind: "state-observed", mfaState: read.value, at: now });
    });
    nudgeAt = earlierNudge(nudgeAt, applyFailures(deps, sheet, nudge.step, judged));
    await announceRest(deps, "graph-read", throttledOf(judged));
  }
  return { kind: "looked", nudgeAt };
}

type Begun =
  | { readonly kind: "ended"; readonly result: StepResult }
  | { readonly kind: "begun"; readonly due: readonly number[]; readonly nudgeAt: Instant };

/** Settles what needs no effect, and looks at the state of whom the step is to act on. */
export async function beginWrites(deps: StepDeps, work: StepWork): Promise<Begun> {
  const due = settleDue(deps, work);
  if (due.length === 0 && work.sheet.changed.length === 0) {
    return { kind: "ended", result: { result: "nothing-due", acted: 0, failed: 0 } };
  }
  const looked = await observeStates(deps, work, due);
  return looked.kind === "stopped"
    ? { kind: "ended", result: looked.result }
    : { kind: "begun", due, nudgeAt: looked.nudgeAt };
}
