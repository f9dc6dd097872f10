// One delivery to the app, as its queue functions and the host around them do it.
import { parseStepMessage } from "../../../shared/codec/step-message.ts";
import type { Step } from "../../../shared/domain/names.ts";
import { enableBatch } from "../../../shared/pipeline/enable-batch.ts";
import { enforceBatch } from "../../../shared/pipeline/enforce-batch.ts";
import { notifyBatch } from "../../../shared/pipeline/notify-batch.ts";
import { receiveDeadLetter, receiveNudge } from "../../../shared/pipeline/receive-nudge.ts";
import { restoreBatch } from "../../../shared/pipeline/restore-batch.ts";
import type { StepHandler } from "../../../shared/pipeline/run-step.ts";
import { Conflict, Unavailable } from "../../../shared/ports/errors.ts";
import type { SimMessage } from "./sim-bus.ts";
import type { SimDeps } from "./sim-deps.ts";

const HANDLERS: Readonly<Record<Step, StepHandler>> = {
  enable: enableBatch,
  notify: notifyBatch,
  enforce: enforceBatch,
  restore: restoreBatch,
};

/** @throws for a bug only: what may happen is `threw`, and the message comes again */
export async function handleMessage(deps: SimDeps, message: SimMessage): Promise<"ok" | "threw"> {
  const body: unknown = JSON.parse(message.body);
  const parsed = parseStepMessage(body);
  const { id: messageId, deliveries: deliveryCount } = message;
  const received = { queue: `mfa-${message.step}`, body, metadata: { messageId, deliveryCount } };
  if (message.isPoison) return "threw";
  try {
    if (message.isDeadLetter) await receiveDeadLetter(deps, parsed, received);
    else await receiveNudge(deps, parsed, received, HANDLERS[message.step]);
    return "ok";
  } catch (error) {
    if (error instanceof Conflict || error instanceof Unavailable) return "threw";
    throw error;
  }
}
