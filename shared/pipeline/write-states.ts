// The one place from which MFA states are written: guard, write, judge, in slices of one `$batch`.
import type { Instant } from "../domain/instant.ts";
import type { KnownMfaState } from "../domain/names.ts";
import { judgeCircuit, pauseRollout } from "./circuit.ts";
import { earlierNudge } from "./earlier-nudge.ts";
import type { Judged } from "./judge.ts";
import { applyFailures, judgeAnswers, throttledOf } from "./judge.ts";
import { announceRest } from "./rest.ts";
import type { StepWork } from "./run-step.ts";
import type { StepDeps } from "./step-deps.ts";

export interface StateWrite {
  readonly mfaState: KnownMfaState;
  readonly event: "enable-succeeded" | "enforce-succeeded";
}

export interface Written {
  readonly nudgeAt: Instant;
  readonly failed: number;
}

export async function writeStates(
  deps: StepDeps,
  work: StepWork,
  parts: readonly (readonly number[])[],
  write: StateWrite,
): Promise<Written> {
  const { sheet } = work;
  let nudgeAt: Instant = 0;
  let failed = 0;
  for (const part of parts) {
    if (deps.clock.now() >= work.deadline || !(await work.guard.mayStart(sheet, ["graph-write"]))) break;
    sheet.writes += part.length;
    const users = part.map((slot) => sheet.row(slot).enrollment.userId);
    const judged = judgeAnswers("write", part, await deps.directory.setMfaStates(users, write.mfaState));
    const verdict = await judgeCircuit(deps, sheet, judged);
    if (verdict === "permission-missing") {
      await pauseRollout(deps, work.nudge, "Graph refuses to set MFA states: the enforcer's permission is gone");
      break;
    }
    nudgeAt = earlierNudge(nudgeAt, recordWrites(deps, work, judged, write));
    failed += judged.filter(({ failure }) => failure !== null).length;
    const throttled = throttledOf(judged);
    await announceRest(deps, "graph-write", throttled);
    // The door is shut: the rest of the batch waits with those who were refused.
    if (throttled.length > 0) break;
  }
  return { nudgeAt, failed };
}

function recordWrites(deps: StepDeps, work: StepWork, judged: readonly Judged[], write: StateWrite): Instant {
  const now = deps.clock.now();
  for (const { slot, failure } of judged) {
    if (failure === null) work.sheet.apply(slot, { kind: write.event, at: now });
  }
  return applyFailures(deps, work.sheet, work.nudge.step, judged);
}
