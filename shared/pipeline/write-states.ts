// The one place from which MFA states are written: guard, write, judge, in slices of one `$batch`.
import type { Instant } from "../domain/instant.ts";
import type { KnownMfaState } from "../domain/names.ts";
import { GRAPH_BATCH_STEPS, slice } from "../domain/slice.ts";
import { judgeCircuit, pauseRollout } from "./circuit.ts";
import { earlierNudge } from "./earlier-nudge.ts";
import type { Judged } from "./judge.ts";
import { applyFailures, judgeAnswers, throttledOf } from "./judge.ts";
import { announceRest } from "./rest.ts";
import type { StepWork } from "./run-step.ts";
import type { StepDeps } from "./step-deps.ts";

/** One `$batch`. */
export interface WritePart {
  readonly mfaState: KnownMfaState;
  readonly slots: readonly number[];
}

export type WriteEvent = "enable-succeeded" | "enforce-succeeded" | "restore-succeeded";

export interface Written {
  readonly nudgeAt: Instant;
  readonly failed: number;
}

export async function writeStates(
  deps: StepDeps,
  work: StepWork,
  parts: readonly WritePart[],
  event: WriteEvent,
): Promise<Written> {
  const { sheet } = work;
  let nudgeAt: Instant = 0;
  let failed = 0;
  for (const { mfaState, slots } of parts) {
    if (deps.clock.now() >= work.deadline || !(await work.guard.mayStart(sheet, ["graph-write"]))) break;
    sheet.writes += slots.length;
    const users = slots.map((slot) => sheet.row(slot).enrollment.userId);
    const judged = judgeAnswers("write", slots, await deps.directory.setMfaStates(users, mfaState));
    const verdict = await judgeCircuit(deps, sheet, judged);
    if (verdict === "permission-missing") {
      await pauseRollout(deps, work.nudge, "Graph refuses to set MFA states: the enforcer's permission is gone", {
        restoreToo: true,
      });
      break;
    }
    nudgeAt = earlierNudge(nudgeAt, recordWrites(deps, work, judged, { event, mfaState }));
    failed += judged.filter(({ failure }) => failure !== null).length;
    const throttled = throttledOf(judged);
    await announceRest(deps, "graph-write", throttled);
    // The door is shut: the rest of the batch waits with those who were refused.
    if (throttled.length > 0) break;
  }
  return { nudgeAt, failed };
}

function recordWrites(
  deps: StepDeps,
  work: StepWork,
  judged: readonly Judged[],
  write: { readonly event: WriteEvent; readonly mfaState: KnownMfaState },
): Instant {
  const now = deps.clock.now();
  for (const { slot, failure } of judged) {
    if (failure !== null) continue;
    work.sheet.apply(slot, { kind: write.event, at: now });
    work.sheet.written.push({ slot, mfaState: write.mfaState });
  }
  return applyFailures(deps, work.sheet, work.nudge.step, judged);
}

/** So many users a `$batch`, all to be set to one state. */
export function partsOf(slots: readonly number[], mfaState: KnownMfaState): readonly WritePart[] {
  return slice(slots, GRAPH_BATCH_STEPS).map((part) => ({ mfaState, slots: part }));
}
