// Every few hours: who has registered a usable method since the last report? And did anybody take back what was set?
import type { InvocationContext, Timer } from "@azure/functions";
import { app } from "@azure/functions";
import { dependencies } from "../shared/compose.ts";
import { checkRegistration } from "../shared/pipeline/check-registration.ts";
import { watchDrift } from "../shared/pipeline/watch-drift.ts";

app.timer("check-registration", { schedule: "%CHECK_REGISTRATION_SCHEDULE%", handler: checkRegistrationTimer });

export async function checkRegistrationTimer(_timer: Timer, context: InvocationContext): Promise<void> {
  const deps = await dependencies();
  const outcome = await checkRegistration(deps);
  deps.log.info("registrations checked", { invocationId: context.invocationId, ...outcome });
  const drift = await watchDrift(deps);
  deps.log.info("drift looked for", { invocationId: context.invocationId, ...drift });
}
