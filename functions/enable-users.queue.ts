// mfa-enable → enable the users of one batch that are due. Returning completes the message; a throw is a bug, and gives it back.
import type { InvocationContext } from "@azure/functions";
import { app } from "@azure/functions";
import { parseStepMessage } from "../shared/codec/step-message.ts";
import { dependencies } from "../shared/compose.ts";
import { enableBatch } from "../shared/pipeline/enable-batch.ts";
import { receiveNudge } from "../shared/pipeline/receive-nudge.ts";

app.serviceBusQueue("enable-users", { connection: "ROLLOUT_BUS", queueName: "mfa-enable", handler: enableUsers });

export async function enableUsers(body: unknown, context: InvocationContext): Promise<void> {
  const deps = await dependencies();
  const message = { queue: "mfa-enable", body, metadata: context.triggerMetadata ?? {} };
  const outcome = await receiveNudge(deps, parseStepMessage(body), message, enableBatch);
  deps.log.info("batch: enable", { invocationId: context.invocationId, ...outcome });
}
