// mfa-enforce: the one binding write, after the deadline, for whoever was told and is seen to be registered. Cheapest proof first:
// the state read before the write, then fresh report evidence, then the methods of those in doubt.
import { decide } from "../domain/decide.ts";
import type { Instant } from "../domain/instant.ts";
import { GRAPH_BATCH_STEPS, slice } from "../domain/slice.ts";
import { looksOpen, pauseRollout } from "./circuit.ts";
import { earlierNudge } from "./earlier-nudge.ts";
import { finishStep } from "./finish-step.ts";
import { applyFailures, judgeReads, throttledOf } from "./judge.ts";
import { beginWrites, unknownAsUnanswered } from "./observe-states.ts";
import { announceRest } from "./rest.ts";
import type { StepResult, StepWork } from "./run-step.ts";
import { settleDue } from "./settle-due.ts";
import type { Sheet } from "./sheet.ts";
import type { StepDeps } from "./step-deps.ts";
import { writeStates } from "./write-states.ts";

export async function enforceBatch(deps: StepDeps, work: StepWork): Promise<StepResult> {
  const { sheet } = work;
  const looked = await beginWrites(deps, work);
  if (looked.kind === "ended") return looked.result;
  const { due } = looked;
  const doubtful = due.filter((slot) => targetOf(deps, sheet, slot) === "observe-methods");
  const asked = await observeMethods(deps, work, doubtful);
  settleDue(deps, work);

  const toWrite = due.filter((slot) => targetOf(deps, sheet, slot) === "set-state" && sheet.seen.has(slot));
  const written = await writeStates(deps, work, slice(toWrite, GRAPH_BATCH_STEPS), {
    mfaState: "enforced",
    event: "enforce-succeeded",
  });
  const nudgeAt = earlierNudge(earlierNudge(looked.nudgeAt, asked), written.nudgeAt);
  return finishStep(deps, work, { acted: due.length, nudgeAt });
}

function targetOf(deps: StepDeps, sheet: Sheet, slot: number): string {
  const decision = decide("enforce", sheet.row(slot).enrollment, sheet.policy, deps.clock.now());
  return decision.kind === "act" ? decision.target.kind : decision.kind;
}

async function observeMethods(deps: StepDeps, work: StepWork, slots: readonly number[]): Promise<Instant> {
  const { sheet, nudge } = work;
  let nudgeAt: Instant = 0;
  for (const part of slice(slots, GRAPH_BATCH_STEPS)) {
    const now = deps.clock.now();
    const answers = await deps.directory.readRegistrations(
      part.map((slot) => sheet.row(slot).enrollment.userId),
      now,
    );
    if (looksOpen(judgeReads(part, answers))) {
      await pauseRollout(deps, nudge, "Graph refuses to show methods: the reader's permission is gone");
      return nudgeAt;
    }
    const reads = unknownAsUnanswered(answers);
    const judged = judgeReads(part, reads);
    part.forEach((slot, index) => {
      const read = reads[index];
      if (read?.kind === "read") sheet.apply(slot, { kind: "registration-observed", value: read.value, at: now });
    });
    nudgeAt = earlierNudge(nudgeAt, applyFailures(deps, sheet, "enforce", judged));
    await announceRest(deps, "graph-read", throttledOf(judged));
  }
  return nudgeAt;
}
