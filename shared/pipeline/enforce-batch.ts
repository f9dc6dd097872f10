// mfa-enforce: the one binding write, after the deadline, for whoever was told and is seen to be registered. Cheapest proof first:
// the state read before the write, then fresh report evidence, then the methods of those in doubt.
import { decide } from "../domain/decide.ts";
import { earlierNudge } from "./earlier-nudge.ts";
import { finishStep } from "./finish-step.ts";
import { beginWrites } from "./begin-writes.ts";
import { readUsers } from "./read-users.ts";
import type { UserAnswers } from "./read-users.ts";
import type { StepResult, StepWork } from "./run-step.ts";
import { settleDue } from "./settle-due.ts";
import type { Sheet } from "./sheet.ts";
import type { StepDeps } from "./step-deps.ts";
import { partsOf, writeStates } from "./write-states.ts";

export async function enforceBatch(deps: StepDeps, work: StepWork): Promise<StepResult> {
  const { sheet } = work;
  const looked = await beginWrites(deps, work);
  if (looked.kind === "ended") return looked.result;
  const { due } = looked;
  const doubtful = due.filter((slot) => targetOf(deps, sheet, slot) === "observe-methods");
  const asked = await observeMethods(deps, work, doubtful);
  settleDue(deps, work);

  const toWrite = due.filter((slot) => targetOf(deps, sheet, slot) === "set-state" && sheet.seen.has(slot));
  const written = await writeStates(deps, work, partsOf(toWrite, "enforced"), "enforce-succeeded");
  const nudgeAt = earlierNudge(earlierNudge(looked.nudgeAt, asked.nudgeAt), written.nudgeAt);
  return finishStep(deps, work, { acted: due.length, nudgeAt });
}

function targetOf(deps: StepDeps, sheet: Sheet, slot: number): string {
  const decision = decide("enforce", sheet.row(slot).enrollment, sheet.policy, deps.clock.now());
  return decision.kind === "act" ? decision.target.kind : decision.kind;
}

function observeMethods(deps: StepDeps, work: StepWork, slots: readonly number[]): Promise<UserAnswers> {
  const now = deps.clock.now();
  return readUsers(deps, work, slots, {
    ask: (users) => deps.directory.readRegistrations(users, now),
    hear: (slot, value) => work.sheet.apply(slot, { kind: "registration-observed", value, at: now }),
    refusal: "show methods",
  });
}
