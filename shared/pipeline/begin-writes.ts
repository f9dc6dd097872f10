// Begins a step that writes MFA states: settles what needs no effect, and reads the state of whom it is to act on: the prior before the
// first write, the difference before any other.
import { MANY_REVERTS } from "../domain/drift.ts";
import type { Instant } from "../domain/instant.ts";
import { pauseRollout } from "./circuit.ts";
import { finishStep } from "./finish-step.ts";
import { readUsers } from "./read-users.ts";
import type { UserAnswers } from "./read-users.ts";
import type { StepResult, StepWork } from "./run-step.ts";
import { settleDue } from "./settle-due.ts";
import type { StepDeps } from "./step-deps.ts";

type Begun =
  | { readonly kind: "ended"; readonly result: StepResult }
  | { readonly kind: "begun"; readonly due: readonly number[]; readonly nudgeAt: Instant };

export async function beginWrites(deps: StepDeps, work: StepWork): Promise<Begun> {
  const due = settleDue(deps, work);
  if (due.length === 0 && work.sheet.changed.length === 0) {
    return { kind: "ended", result: { result: "nothing-due", acted: 0, failed: 0 } };
  }
  const before = countReverts(work);
  const { kind, nudgeAt } = await observeStates(deps, work, due);
  const reverts = countReverts(work) - before;
  if (reverts >= MANY_REVERTS) {
    // Many at once are no single case of an admin: a person looks first (invariant 7).
    await pauseRollout(deps, work.nudge, `${reverts} users of one batch had their MFA states taken back`);
    return { kind: "ended", result: await finishStep(deps, work, { acted: 0, nudgeAt: 0 }) };
  }
  return kind === "stopped"
    ? { kind: "ended", result: { result: "refused", acted: 0, failed: 0 } }
    : { kind: "begun", due, nudgeAt };
}

function countReverts({ sheet }: StepWork): number {
  return sheet.enrollments.reduce((sum, { reverts }) => sum + reverts, 0);
}

function observeStates(deps: StepDeps, work: StepWork, slots: readonly number[]): Promise<UserAnswers> {
  const { sheet } = work;
  return readUsers(deps, work, slots, {
    ask: (users) => deps.directory.readMfaStates(users),
    hear: (slot, mfaState) => {
      sheet.seen.set(slot, mfaState);
      sheet.apply(slot, { kind: "state-observed", mfaState, at: deps.clock.now() });
    },
    refusal: "show MFA states",
  });
}
