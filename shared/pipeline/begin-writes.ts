// Begins a step that writes MFA states: settles what needs no effect, and reads the state of whom it is to act on: the prior before the
// first write, the difference before any other.
import type { Instant } from "../domain/instant.ts";
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
  const { kind, nudgeAt } = await observeStates(deps, work, due);
  return kind === "stopped"
    ? { kind: "ended", result: { result: "refused", acted: 0, failed: 0 } }
    : { kind: "begun", due, nudgeAt };
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
