// A broker in this process and the real client on it, both closed when the test ends.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RetryMode, ServiceBusClient, type ServiceBusClientOptions, type ServiceBusReceiver } from "@azure/service-bus";
import { onTestFinished } from "vitest";
import { startBroker, type Broker, type BrokerOptions } from "../../../apps/local/broker/broker.ts";

export const LOCK_MS = 2_000;

/** A clock that tests move: wall time plus an offset. */
export function movableClock(): { now(): number; offset: number } {
  const clock = { offset: 0, now: () => Date.now() + clock.offset };
  return clock;
}

export interface Given {
  readonly broker: Broker;
  readonly client: ServiceBusClient;
  readonly lines: string[];
}

export async function givenBroker(options: Partial<BrokerOptions> = {}): Promise<Given> {
  const lines: string[] = [];
  const broker = await startBroker({
    clock: { now: Date.now },
    dataDir: null,
    port: 0,
    queues: [{ name: "work", lockMs: LOCK_MS, maxDeliveryCount: 10 }],
    log: (line) => lines.push(line),
    ...options,
  });
  onTestFinished(() => broker.close());
  return { broker, client: givenClient(broker), lines };
}

export function givenClient(broker: Broker, options: ServiceBusClientOptions = {}): ServiceBusClient {
  const client = new ServiceBusClient(broker.connectionString, {
    retryOptions: {
      maxRetries: 5,
      retryDelayInMs: 100,
      maxRetryDelayInMs: 1_000,
      timeoutInMs: 3_000,
      mode: RetryMode.Exponential,
    },
    ...options,
  });
  onTestFinished(() => closeClient(client));
  return client;
}

/** The client waits for the broker's close frame for ever: a test that has closed its broker would hang. */
async function closeClient(client: ServiceBusClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const givenUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 1_000);
  });
  await Promise.race([client.close(), givenUp]);
  clearTimeout(timer);
}

export async function givenFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "broker-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The bodies of up to `count` messages, all completed, in the order in which they came. */
export async function receiveAll(receiver: ServiceBusReceiver, count: number): Promise<unknown[]> {
  const bodies: unknown[] = [];
  while (bodies.length < count) {
    const messages = await receiver.receiveMessages(count - bodies.length, { maxWaitTimeInMs: 5_000 });
    if (messages.length === 0) break;
    for (const message of messages) {
      bodies.push(message.body);
      await receiver.completeMessage(message);
    }
  }
  return bodies;
}

export async function receiveOne(
  receiver: ServiceBusReceiver,
): Promise<Awaited<ReturnType<ServiceBusReceiver["receiveMessages"]>>[number]> {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 8_000 });
  if (message === undefined) throw new Error("no message came");
  return message;
}
