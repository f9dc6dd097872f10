// mfa-notify → notify the users of one batch that are due. Returning completes the message; a throw is a bug, and gives it back.
import type { InvocationContext } from "@azure/functions";
import { app } from "@azure/functions";
import { parseStepMessage } from "../shared/codec/step-message.ts";
import { dependencies } from "../shared/compose.ts";
import { notifyBatch } from "../shared/pipeline/notify-batch.ts";
import { receiveNudge } from "../shared/pipeline/receive-nudge.ts";

app.serviceBusQueue("notify-users", { connection: "ROLLOUT_BUS", queueName: "mfa-notify", handler: notifyUsers });

export async function notifyUsers(body: unknown, context: InvocationContext): Promise<void> {
  const deps = await dependencies();
  const message = { queue: "mfa-notify", body, metadata: context.triggerMetadata ?? {} };
  const outcome = await receiveNudge(deps, parseStepMessage(body), message, notifyBatch);
  deps.log.info("batch: notify", { invocationId: context.invocationId, ...outcome });
}
