// mfa-enable: look at the MFA state, save it as the prior, then write `enabled` for those who are known not to be registered.
import { decide } from "../domain/decide.ts";
import { earlierNudge } from "./earlier-nudge.ts";
import { finishStep } from "./finish-step.ts";
import { beginWrites } from "./begin-writes.ts";
import type { StepResult, StepWork } from "./run-step.ts";
import { saveSheet } from "./save-batch.ts";
import { settleDue } from "./settle-due.ts";
import type { Sheet } from "./sheet.ts";
import type { StepDeps } from "./step-deps.ts";
import { partsOf, writeStates } from "./write-states.ts";

export async function enableBatch(deps: StepDeps, work: StepWork): Promise<StepResult> {
  const { sheet } = work;
  const looked = await beginWrites(deps, work);
  if (looked.kind === "ended") return looked.result;
  const { due } = looked;
  recognizeOwnWrites(deps, sheet, due);
  settleDue(deps, work);
  const toWrite = due.filter((slot) => wantsWrite(deps, sheet, slot));

  // No PATCH leaves before the prior state is committed: only an observed prior can ever be restored.
  const nudgeAt = toWrite.length === 0 ? looked.nudgeAt : 0;
  await saveSheet(deps, sheet, { actor: "worker", cause: "enable: prior observed", nudgeAt });
  if (toWrite.length === 0) return finishStep(deps, work, { acted: due.length, nudgeAt: looked.nudgeAt });

  const written = await writeStates(deps, work, partsOf(toWrite, "enabled"), "enable-succeeded");
  return finishStep(deps, work, { acted: due.length, nudgeAt: earlierNudge(looked.nudgeAt, written.nudgeAt) });
}

function wantsWrite(deps: StepDeps, sheet: Sheet, slot: number): boolean {
  const decision = decide("enable", sheet.row(slot).enrollment, sheet.policy, deps.clock.now());
  return decision.kind === "act" && decision.target.kind === "set-state";
}

/** A write whose answer was lost shows in the state read before the next one: it was ours, and is not written again. */
function recognizeOwnWrites(deps: StepDeps, sheet: Sheet, due: readonly number[]): void {
  for (const slot of due) {
    const { enrollment } = sheet.row(slot);
    const seen = sheet.seen.get(slot);
    const tried =
      enrollment.prior.kind === "observed" && enrollment.prior.mfaState === "disabled" && enrollment.attempt > 1;
    if (enrollment.state.phase === "queued" && tried && seen === "enabled") {
      sheet.apply(slot, { kind: "enable-succeeded", at: deps.clock.now() });
    }
  }
}
