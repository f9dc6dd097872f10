// Each minute: gates open? what is due? how much may go? The only releaser of work.
import type { InvocationContext, Timer } from "@azure/functions";
import { app } from "@azure/functions";
import { dependencies } from "../shared/compose.ts";
import { planWaves } from "../shared/pipeline/plan-waves.ts";

app.timer("plan-waves", { schedule: "%PLAN_WAVES_SCHEDULE%", handler: planWavesTimer });

export async function planWavesTimer(_timer: Timer, context: InvocationContext): Promise<void> {
  const deps = await dependencies();
  const { result, released } = await planWaves(deps);
  deps.log.info("waves planned", { invocationId: context.invocationId, result, released });
}
