// How fast the broker is with every acknowledgement synced to the disk, and whether its memory stays flat: the broker as a process
// of its own, the real client in this one, so that both have to share a small machine.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ServiceBusClient } from "@azure/service-bus";
import type { Floor } from "./floor.ts";
import type { Program } from "./program.ts";
import { besideThis, startProgram } from "./program.ts";

const QUEUE = "floor";
const BODY = { text: "x".repeat(400) };
const IN_FLIGHT = 100;
const BATCH = 500;
const CALLS = 64;
/** So much may wait while memory is measured: a long queue is kept in memory, and shall be. */
const MOST_WAITING = 2_000;

/** How many messages each figure is taken from. */
export interface BrokerWork {
  readonly warmUp: number;
  readonly inFlight: number;
  readonly batched: number;
  readonly memoryFrom: number;
  readonly memoryTo: number;
}

const FULL: BrokerWork = { warmUp: 2_000, inFlight: 10_000, batched: 40_000, memoryFrom: 10_000, memoryTo: 100_000 };

/** @param program the built `npm run broker`; beside the running program unless given */
export async function measureBrokerFloor(
  say: (line: string) => void,
  work: BrokerWork = FULL,
  program = besideThis("broker.js"),
): Promise<readonly Floor[]> {
  const speeds = await withBroker(program, (client) => measureSpeeds(client, work));
  for (const { name, measured } of speeds) say(`${name}: ${String(measured)} messages a second, each synced`);
  const memory = await withBroker(program, (client, broker) => measureMemory(client, broker, work, say));
  return [...speeds, memory];
}

async function withBroker<T>(
  program: string,
  use: (client: ServiceBusClient, broker: Program) => Promise<T>,
): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), "broker-floor-"));
  const args = ["--port", "0", "--queue", QUEUE, "--data", dataDir];
  const broker = await startProgram(program, args, () => true); // its first line is the connection string
  const client = new ServiceBusClient(broker.lines[0] ?? "");
  try {
    return await use(client, broker);
  } finally {
    await client.close();
    await broker.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function measureSpeeds(client: ServiceBusClient, work: BrokerWork): Promise<Floor[]> {
  await sendInFlight(client, work.warmUp);
  await receive(client, work.warmUp);

  const single = await rateOf(work.inFlight, () => sendInFlight(client, work.inFlight));
  const batched = await rateOf(work.batched, () => sendBatched(client, work.batched));
  const waiting = work.inFlight + work.batched;
  const received = await rateOf(waiting, () => receive(client, waiting));
  return [
    speed(`broker: sends, ${String(IN_FLIGHT)} in flight`, single, 1_000),
    speed(`broker: sends in batches of ${String(BATCH)}`, batched, 5_000),
    speed("broker: received and completed", received, 1_000),
  ];
}

async function measureMemory(
  client: ServiceBusClient,
  broker: Program,
  { memoryFrom, memoryTo }: BrokerWork,
  say: (line: string) => void,
): Promise<Floor> {
  await flow(client, memoryFrom);
  const before = await residentBytes(broker);
  await flow(client, memoryTo - memoryFrom);
  const after = await residentBytes(broker);
  const name = `broker: memory after ${String(memoryTo)} messages against ${String(memoryFrom)}`;
  say(`${name}: ${megabytes(after)} against ${megabytes(before)}`);
  const measured = Math.round((after / before) * 100) / 100;
  return { name, floor: 1.3, measured, unit: "times", isReached: measured <= 1.3 };
}

async function sendInFlight(client: ServiceBusClient, count: number): Promise<void> {
  const sender = client.createSender(QUEUE);
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await sender.sendMessages({ body: BODY });
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  await sender.close();
}

async function sendBatched(client: ServiceBusClient, count: number): Promise<void> {
  const sender = client.createSender(QUEUE);
  for (let left = count; left > 0; left -= BATCH) await sender.sendMessages(batchOf(Math.min(left, BATCH)));
  await sender.close();
}

/** Completes what waits in the queue. */
async function receive(client: ServiceBusClient, count: number): Promise<void> {
  const completions = completeAll(client);
  await completions.reach(count);
  await completions.stop();
}

/** Sends and completes at once, the queue never long. */
async function flow(client: ServiceBusClient, count: number): Promise<void> {
  const completions = completeAll(client);
  for (let sent = 0; sent < count; sent += BATCH) {
    await completions.reach(sent - MOST_WAITING);
    await sendBatched(client, Math.min(BATCH, count - sent));
  }
  await completions.reach(count);
  await completions.stop();
}

interface Completions {
  /** Resolves once so many messages are completed. */
  reach(count: number): Promise<void>;
  stop(): Promise<void>;
}

function completeAll(client: ServiceBusClient): Completions {
  const receiver = client.createReceiver(QUEUE);
  let completed = 0;
  let failure: Error | null = null;
  let look = (): void => undefined;
  receiver.subscribe(
    {
      processMessage: async (message) => {
        await receiver.completeMessage(message);
        completed++;
        look();
      },
      processError: ({ error }) => {
        failure = error;
        look();
        return Promise.resolve();
      },
    },
    { autoCompleteMessages: false, maxConcurrentCalls: CALLS },
  );
  return {
    reach: (count) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (failure !== null) reject(failure);
          else if (completed >= count) resolve();
        };
        look();
      }),
    stop: () => receiver.close(),
  };
}

function batchOf(size: number): { readonly body: typeof BODY }[] {
  return Array.from({ length: size }, () => ({ body: BODY }));
}

async function rateOf(count: number, work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return Math.round((count * 1_000) / (performance.now() - began));
}

function speed(name: string, measured: number, floor: number): Floor {
  return { name, floor, measured, unit: "messages/s", isReached: measured >= floor };
}

/** As the system counts it: from outside, without a question to the process. */
async function residentBytes({ pid }: Program): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]);
  return Number(stdout.trim()) * 1_024;
}

function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / 1_000_000))} MB`;
}
