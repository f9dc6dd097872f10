// Each step queue's dead letters → table `deadletters`, where an operator sees them.
import type { InvocationContext } from "@azure/functions";
import { app } from "@azure/functions";
import { parseStepMessage } from "../shared/codec/step-message.ts";
import { dependencies } from "../shared/compose.ts";
import { STEPS } from "../shared/domain/names.ts";
import { receiveDeadLetter } from "../shared/pipeline/receive-nudge.ts";

for (const step of STEPS) {
  const queueName = `mfa-${step}/$deadletterqueue`;
  const handler = (body: unknown, context: InvocationContext): Promise<void> => recordDeadLetters(step, body, context);
  app.serviceBusQueue(`record-dead-letters-${step}`, { connection: "ROLLOUT_BUS", queueName, handler });
}

export async function recordDeadLetters(step: string, body: unknown, context: InvocationContext): Promise<void> {
  const deps = await dependencies();
  const message = { queue: `mfa-${step}`, body, metadata: context.triggerMetadata ?? {} };
  const { result } = await receiveDeadLetter(deps, parseStepMessage(body), message);
  deps.log.info("dead letter recorded", { invocationId: context.invocationId, step, result });
}
