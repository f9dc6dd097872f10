// The step queues on Azure Service Bus (or the embedded broker). One client a process, one sender a queue.
import type { ServiceBusClient, ServiceBusMessage, ServiceBusSender } from "@azure/service-bus";
import { formatStepMessage } from "../codec/step-message.ts";
import type { Clock } from "../ports/clock.ts";
import { Unavailable } from "../ports/errors.ts";
import type { OutgoingNudge, StepQueue } from "../ports/step-queue.ts";

export type BusConnection =
  | { readonly kind: "connection-string"; readonly text: string }
  | { readonly kind: "identity"; readonly namespace: string; readonly clientId: string | null };

// The SDK's own defaults wait 30 s between tries: longer than a handler may.
const CLOUD = { maxRetries: 5, retryDelayInMs: 500, maxRetryDelayInMs: 10_000, timeoutInMs: 15_000 };
const LOCAL = { maxRetries: 5, retryDelayInMs: 200, maxRetryDelayInMs: 2_000, timeoutInMs: 5_000 };

export async function openStepQueue(
  connection: BusConnection,
  clock: Clock,
): Promise<StepQueue & { close(): Promise<void> }> {
  const client = await openClient(connection);
  const senders = new Map<string, ServiceBusSender>();
  const senderOf = (queue: string): ServiceBusSender => {
    const sender = senders.get(queue) ?? client.createSender(queue);
    senders.set(queue, sender);
    return sender;
  };
  return {
    send: async (nudges) => {
      try {
        for (const nudge of nudges) await senderOf(`mfa-${nudge.nudge.step}`).sendMessages(toMessage(nudge, clock));
      } catch (error) {
        throw new Unavailable("service bus", { cause: rootOf(error) });
      }
    },
    close: () => client.close(),
  };
}

async function openClient(connection: BusConnection): Promise<ServiceBusClient> {
  const { ServiceBusClient: Client, RetryMode } = await import("@azure/service-bus");
  if (connection.kind === "connection-string") {
    const isLocal = connection.text.includes("UseDevelopmentEmulator=true");
    return new Client(connection.text, { retryOptions: { mode: RetryMode.Exponential, ...(isLocal ? LOCAL : CLOUD) } });
  }
  const { ManagedIdentityCredential } = await import("@azure/identity");
  const { clientId, namespace } = connection;
  const credential = clientId === null ? new ManagedIdentityCredential() : new ManagedIdentityCredential({ clientId });
  return new Client(namespace, credential, { retryOptions: { mode: RetryMode.Exponential, ...CLOUD } });
}

function toMessage({ id, nudge, at }: OutgoingNudge, clock: Clock): ServiceBusMessage {
  const message = { messageId: id, contentType: "application/json", body: formatStepMessage(nudge) };
  const due = Math.ceil(at);
  return due > clock.now() ? { ...message, scheduledEnqueueTimeUtc: new Date(due) } : message;
}

/** After more than one try the SDK throws an AggregateError without a message: the last of its errors tells. */
function rootOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? (error.errors.at(-1) as unknown) : error;
}
