// Sums of the headers into one row a wave: what the page reads.
import type { InvocationContext, Timer } from "@azure/functions";
import { app } from "@azure/functions";
import { dependencies } from "../shared/compose.ts";
import { measureProgress } from "../shared/pipeline/measure-progress.ts";

app.timer("measure-progress", { schedule: "%MEASURE_PROGRESS_SCHEDULE%", handler: measureProgressTimer });

export async function measureProgressTimer(_timer: Timer, context: InvocationContext): Promise<void> {
  const deps = await dependencies();
  const outcome = await measureProgress(deps);
  deps.log.info("progress measured", { invocationId: context.invocationId, ...outcome });
}
