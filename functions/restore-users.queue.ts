// mfa-restore → restore the users of one batch that are due. Returning completes the message; a throw is a bug, and gives it back.
import type { InvocationContext } from "@azure/functions";
import { app } from "@azure/functions";
import { parseStepMessage } from "../shared/codec/step-message.ts";
import { dependencies } from "../shared/compose.ts";
import { restoreBatch } from "../shared/pipeline/restore-batch.ts";
import { receiveNudge } from "../shared/pipeline/receive-nudge.ts";

app.serviceBusQueue("restore-users", { connection: "ROLLOUT_BUS", queueName: "mfa-restore", handler: restoreUsers });

export async function restoreUsers(body: unknown, context: InvocationContext): Promise<void> {
  const deps = await dependencies();
  const message = { queue: "mfa-restore", body, metadata: context.triggerMetadata ?? {} };
  const outcome = await receiveNudge(deps, parseStepMessage(body), message, restoreBatch);
  deps.log.info("batch: restore", { invocationId: context.invocationId, ...outcome });
}
