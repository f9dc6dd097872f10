// A message as a step queue hands it over: a nudge to run, or something that is set aside at its first delivery.
import { misplacement } from "../domain/nudge.ts";
import type { Nudge } from "../domain/nudge.ts";
import type { DeadMessage } from "./record-dead-letter.ts";
import { recordDeadLetter } from "./record-dead-letter.ts";
import type { StepHandler, StepResult } from "./run-step.ts";
import { runStep } from "./run-step.ts";
import type { StepDeps } from "./step-deps.ts";

export interface ReceivedMessage {
  readonly queue: string;
  readonly body: unknown;
  /** Trigger metadata: values may have been parsed as JSON on the way, so all are taken as unknown. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export type Parsed =
  { readonly kind: "nudge"; readonly nudge: Nudge } | { readonly kind: "malformed"; readonly because: string };

export async function receiveNudge(
  deps: StepDeps,
  parsed: Parsed,
  message: ReceivedMessage,
  handler: StepHandler,
): Promise<StepResult> {
  const misplaced = parsed.kind === "nudge" ? misplacement(deps, parsed.nudge, message) : parsed.because;
  if (parsed.kind === "malformed" || misplaced !== null) {
    const letter = toDeadMessage(message, parsed);
    // Without a nudge: no row is marked by a message that is not what it should be.
    await recordDeadLetter(deps, { ...letter, nudge: null, reason: `malformed: ${misplaced}`.slice(0, 1_000) });
    return { result: "refused", acted: 0, failed: 0 };
  }
  return await runStep(deps, parsed.nudge, handler);
}

/** From the dead letters of a step queue. One that expired was looked at by nobody: what is not ours marks no row here either. */
export async function receiveDeadLetter(
  deps: StepDeps,
  parsed: Parsed,
  message: ReceivedMessage,
): ReturnType<typeof recordDeadLetter> {
  const letter = toDeadMessage(message, parsed);
  const isOurs = letter.nudge !== null && misplacement(deps, letter.nudge, message) === null;
  return recordDeadLetter(deps, isOurs ? letter : { ...letter, nudge: null });
}

function toDeadMessage({ queue, body, metadata }: ReceivedMessage, parsed: Parsed): DeadMessage {
  const { messageId, deliveryCount, applicationProperties } = metadata;
  const properties =
    typeof applicationProperties === "object" && applicationProperties !== null ? applicationProperties : {};
  const reason = "deadLetterReason" in properties ? properties.deadLetterReason : metadata["deadLetterReason"];
  return {
    queue,
    messageId: typeof messageId === "string" ? messageId : JSON.stringify(messageId ?? "none"),
    body: typeof body === "string" ? body : JSON.stringify(body),
    reason: typeof reason === "string" ? reason : "unknown",
    deliveryCount: typeof deliveryCount === "number" ? deliveryCount : 0,
    nudge: parsed.kind === "nudge" ? parsed.nudge : null,
  };
}
