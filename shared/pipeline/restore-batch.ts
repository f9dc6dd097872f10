// mfa-restore: back to the MFA state that was observed before our first write, and to no other. An "ensure": read, write only the
// difference, so that it may run again (invariant 12).
import { decide } from "../domain/decide.ts";
import type { KnownMfaState } from "../domain/names.ts";
import { READ_LAG_MS } from "../domain/policy.ts";
import { beginWrites } from "./begin-writes.ts";
import { earlierNudge } from "./earlier-nudge.ts";
import { finishStep } from "./finish-step.ts";
import { NOT_TRIED } from "./judge.ts";
import type { StepResult, StepWork } from "./run-step.ts";
import type { Sheet } from "./sheet.ts";
import type { StepDeps } from "./step-deps.ts";
import { partsOf, writeStates } from "./write-states.ts";

/** What opens a door first: a roll back is mostly for people who stand before one. */
const ORDER = ["disabled", "enabled", "enforced"] as const satisfies readonly KnownMfaState[];

export async function restoreBatch(deps: StepDeps, work: StepWork): Promise<StepResult> {
  const { sheet } = work;
  const looked = await beginWrites(deps, work);
  if (looked.kind === "ended") return looked.result;
  const { due } = looked;
  recordRestored(deps, sheet, due);
  const wanted = (mfaState: KnownMfaState): readonly number[] =>
    due.filter((slot) => sheet.seen.has(slot) && targetOf(deps, sheet, slot) === mfaState);
  const parts = ORDER.flatMap((mfaState) => partsOf(wanted(mfaState), mfaState));
  const written = await writeStates(deps, work, parts, "restore-succeeded");
  return finishStep(deps, work, { acted: due.length, nudgeAt: earlierNudge(looked.nudgeAt, written.nudgeAt) });
}

/** Whose state is the prior one already needs no write; but a look soon after the order may be older than our last write. */
function recordRestored(deps: StepDeps, sheet: Sheet, due: readonly number[]): void {
  const now = deps.clock.now();
  for (const slot of due) {
    const { state } = sheet.row(slot).enrollment;
    if (state.phase !== "restoring" || sheet.seen.get(slot) !== targetOf(deps, sheet, slot)) continue;
    const believable = state.at + READ_LAG_MS;
    if (now >= believable) sheet.apply(slot, { kind: "restore-succeeded", at: now });
    else
      sheet.apply(slot, { kind: "step-failed", step: "restore", failure: NOT_TRIED, at: now, notBefore: believable });
  }
}

/** `null`: not to be written now. */
function targetOf(deps: StepDeps, sheet: Sheet, slot: number): KnownMfaState | null {
  const decision = decide("restore", sheet.row(slot).enrollment, sheet.policy, deps.clock.now());
  return decision.kind === "act" && decision.target.kind === "set-state" ? decision.target.mfaState : null;
}
