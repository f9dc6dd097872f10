// The end of every step: results saved, then one nudge for the batch at the least next try. Saved first, sent second.
import type { Instant } from "../domain/instant.ts";
import { HOUR_MS } from "../domain/instant.ts";
import { retryId } from "../domain/nudge.ts";
import { NOT_TRIED } from "./judge.ts";
import type { StepResult, StepWork } from "./run-step.ts";
import { saveResults } from "./save-batch.ts";
import type { StepDeps } from "./step-deps.ts";

export async function finishStep(
  deps: StepDeps,
  work: StepWork,
  done: { readonly acted: number; readonly nudgeAt: Instant },
): Promise<StepResult> {
  const { nudge } = work;
  // What waits longer than an hour is looked at each hour; the rows keep the whole wait.
  const nudgeAt = done.nudgeAt === 0 ? 0 : Math.ceil(Math.min(done.nudgeAt, deps.clock.now() + HOUR_MS));
  const failed = work.sheet.events.filter(
    ({ event }) => event.kind === "step-failed" && event.failure !== NOT_TRIED,
  ).length;
  const saved = await saveResults(deps, work.sheet, { actor: "worker", cause: `${nudge.step}: answered`, nudgeAt });
  if (nudgeAt > 0) {
    await deps.queue.send([
      { id: retryId(nudge, saved.batch.header.seq), nudge: { ...nudge, grant: [] }, at: nudgeAt },
    ]);
  }
  return { result: "done", acted: done.acted, failed };
}
