// mfa-enforce → enforce the users of one batch that are due. Returning completes the message; a throw is a bug, and gives it back.
import type { InvocationContext } from "@azure/functions";
import { app } from "@azure/functions";
import { parseStepMessage } from "../shared/codec/step-message.ts";
import { dependencies } from "../shared/compose.ts";
import { enforceBatch } from "../shared/pipeline/enforce-batch.ts";
import { receiveNudge } from "../shared/pipeline/receive-nudge.ts";

app.serviceBusQueue("enforce-users", { connection: "ROLLOUT_BUS", queueName: "mfa-enforce", handler: enforceUsers });

export async function enforceUsers(body: unknown, context: InvocationContext): Promise<void> {
  const deps = await dependencies();
  const message = { queue: "mfa-enforce", body, metadata: context.triggerMetadata ?? {} };
  const outcome = await receiveNudge(deps, parseStepMessage(body), message, enforceBatch);
  deps.log.info("batch: enforce", { invocationId: context.invocationId, ...outcome });
}
