// The Service Bus trigger: one receiver a function on the real SDK, one invocation a message, settled explicitly so that the
// log says why. A throw abandons at once without delay, exactly as in Azure; backing off is the app's own business.
import { ServiceBusClient, ServiceBusError } from "@azure/service-bus";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { Gate } from "./gate.ts";
import type { HostJson } from "./host-json.ts";
import { describe } from "./invocation.ts";
import type { Invoker } from "./invocation.ts";
import type { Log } from "./log.ts";
import { toBody, toTriggerMetadata, traceParentOf } from "./message-data.ts";
import type { Connection } from "./settings.ts";
import type { AppFunction, QueueTrigger } from "./triggers.ts";

export interface QueueListener {
  /** Takes no further message; those under way go on. */
  stop(): Promise<void>;
  /** Gives back every message under way: a worker that crashes does that in Azure too, through its host. */
  abandonAll(): Promise<void>;
  close(): Promise<void>;
}

export interface QueueListenerOptions {
  readonly target: AppFunction;
  readonly trigger: QueueTrigger;
  readonly hostJson: HostJson;
  readonly client: ServiceBusClient;
  readonly gate: Gate;
  readonly invoker: Invoker;
  readonly log: Log;
}

/** Short, because the broker is on this machine: a lost socket is noticed and mended within a second. */
const RETRY = { maxRetries: 3, retryDelayInMs: 200, maxRetryDelayInMs: 2_000, timeoutInMs: 5_000 };

export async function connect(connection: Connection): Promise<ServiceBusClient> {
  if (connection.kind === "string") return new ServiceBusClient(connection.connectionString, { retryOptions: RETRY });
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import("@azure/identity");
  const credential =
    connection.credential === "managedidentity"
      ? new ManagedIdentityCredential(connection.clientId === null ? {} : { clientId: connection.clientId })
      : new DefaultAzureCredential();
  return new ServiceBusClient(connection.namespace, credential, { retryOptions: RETRY });
}

export async function startQueueListener(options: QueueListenerOptions): Promise<QueueListener> {
  const { target, trigger, hostJson, client, log } = options;
  const receiver = client.createReceiver(trigger.queue, {
    receiveMode: "peekLock",
    skipParsingBodyAsJson: true,
    maxAutoLockRenewalDurationInMs: hostJson.maxAutoLockRenewalMs,
    ...(trigger.isDeadLetters ? { subQueueType: "deadLetter" as const } : {}),
  });
  await probe(receiver, target, trigger);
  const underWay = new Set<ServiceBusReceivedMessage>();
  const about = { category: `Function.${target.name}`, function: target.name };
  const subscription = receiver.subscribe(
    {
      processMessage: async (message) => {
        underWay.add(message);
        try {
          await options.gate.pass("counted", () => handle(options, receiver, message));
        } finally {
          underWay.delete(message);
        }
      },
      processError: ({ error, errorSource }) => {
        log({ ...about, level: "warning", message: `${trigger.queue}: ${errorSource}: ${describe(error)}` });
        return Promise.resolve();
      },
    },
    { autoCompleteMessages: false, maxConcurrentCalls: hostJson.maxConcurrentCalls },
  );
  return {
    stop: () => subscription.close(),
    abandonAll: async () => {
      await subscription.close(); // else what is given back is delivered to this dying process again
      await Promise.allSettled([...underWay].map((message) => receiver.abandonMessage(message)));
    },
    close: () => receiver.close(),
  };
}

/** A wrong name or an absent broker is a fault of the start, not a warning that repeats for ever. */
async function probe(receiver: ServiceBusReceiver, target: AppFunction, trigger: QueueTrigger): Promise<void> {
  try {
    await receiver.peekMessages(1);
  } catch (error) {
    throw new UserFault([
      {
        what: `queue "${trigger.queue}" of ${trigger.connectionName} cannot be read: ${describe(error)}.`,
        fix: "Check the setting and the queue's name.",
        at: { where: `function ${target.name}` },
      },
    ]);
  }
}

async function handle(
  { target, trigger, invoker, log, gate }: QueueListenerOptions,
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
): Promise<void> {
  const traceParent = traceParentOf(message);
  const outcome = await invoker.invoke(target, {
    input: toBody(message.body),
    triggerMetadata: toTriggerMetadata(message),
    ...(traceParent === undefined ? {} : { traceParent }),
  });
  if (gate.isHalted) return; // this process is ending, and gives back everything at once
  const succeeded = outcome.kind === "succeeded";
  if (succeeded && !trigger.autoComplete) return; // the app has said that nobody settles
  try {
    if (succeeded) await receiver.completeMessage(message);
    else await receiver.abandonMessage(message);
  } catch (error) {
    // The lock is gone, or the broker: the message comes again, and the rows say what is still due.
    const code = error instanceof ServiceBusError ? ` (${error.code})` : "";
    const what = succeeded ? "completed" : "abandoned";
    log({
      category: `Function.${target.name}`,
      function: target.name,
      level: "error",
      message: `message ${String(message.messageId)} could not be ${what}${code}: ${describe(error)}`,
    });
  }
}
