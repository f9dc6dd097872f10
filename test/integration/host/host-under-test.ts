// One function-app instance in a process of its own, with the real broker in this one: the test plays the supervisor.
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import { startBroker } from "../../../apps/local/broker/broker.ts";
import type { Broker } from "../../../apps/local/broker/broker.ts";
import type { QueueOptions } from "../../../apps/local/broker/queue.ts";
import { SupervisedChild } from "../../../apps/local/supervisor/child-process.ts";
import type { Death } from "../../../apps/local/supervisor/child-process.ts";
import type { Ready } from "../../../apps/local/protocol.ts";
import { until } from "../until.ts";
import { readRecords } from "./records.ts";
import type { Recorded } from "./records.ts";

const SAMPLE = join(import.meta.dirname, "apps/sample");
const MODULES = join(import.meta.dirname, "../../../node_modules");

export const KEYS = { host: "the-host-key", master: "the-master-key" };

export interface Stage {
  readonly broker: Broker;
  readonly client: ServiceBusClient;
  readonly folder: string;
  close(): Promise<void>;
}

/** Broker, client and a folder: what instances share. */
export async function openStage(queues: Partial<Record<string, Partial<QueueOptions>>> = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "host-test-"));
  const all = ["work", "unsettled"].map((name) => ({ name, lockMs: 5_000, maxDeliveryCount: 3, ...queues[name] }));
  const broker = await startBroker({
    clock: { now: () => Date.now() },
    dataDir: null,
    port: 0,
    queues: all,
    log: () => undefined,
  });
  const client = new ServiceBusClient(broker.connectionString);
  return {
    broker,
    client,
    folder,
    close: async () => {
      await client.close();
      await broker.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface HostUnderTest {
  readonly child: SupervisedChild;
  readonly ready: Ready;
  readonly lines: readonly string[];
  readonly died: Promise<Death>;
  records(what?: string): Recorded[];
  waitFor(what: string, count?: number): Promise<Recorded[]>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export interface StartOptions {
  readonly entry: string;
  readonly appDir?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly instance?: number;
  readonly offset?: number;
}

/** Settings that the sample app needs; `RECORD` is shared by all instances of a stage. */
function settingsOf(stage: Stage, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    BUS: stage.broker.connectionString,
    WORK_QUEUE: "work",
    HOURLY_SCHEDULE: "0 0 * * * *",
    RECORD: join(stage.folder, "record.jsonl"),
    "AzureWebJobs.switched-off.Disabled": "true",
    ...more,
  };
}

export function forkHost(
  stage: Stage,
  options: StartOptions,
): Omit<HostUnderTest, "ready"> & { ready: Promise<Ready> } {
  const { entry, appDir = SAMPLE, settings, instance = 0, offset = 0 } = options;
  const lines: string[] = [];
  const all = settingsOf(stage, settings);
  let die: (death: Death) => void = () => undefined;
  const died = new Promise<Death>((resolve) => (die = resolve));
  const child = new SupervisedChild(
    {
      entry,
      role: "host",
      environment: { ...process.env, ...all },
      onLine: (line) => lines.push(line),
      onHint: () => undefined,
      onDeath: (death) => die(death),
    },
    {
      seq: () => 0,
      offset: () => offset,
      settings: { appDir, instance, httpPort: instance === 0 ? 0 : null, keys: KEYS, recordGraphFile: null },
    },
  );
  const file = all["RECORD"] ?? "";
  const records = (what?: string): Recorded[] =>
    readRecords(file).filter((one) => what === undefined || one.what === what);
  let port = 0;
  const ready = child.ready.then((message) => {
    port = message.ports["http"] ?? 0;
    return message;
  });
  ready.catch(() => undefined);
  return {
    child,
    ready,
    lines,
    died,
    records,
    waitFor: (what, count = 1) =>
      until(
        `${String(count)} × ${what}`,
        () => records(what),
        (found) => found.length >= count,
      ),
    fetch: (path, init) => fetch(`http://127.0.0.1:${String(port)}${path}`, init),
  };
}

export async function startHostUnderTest(stage: Stage, options: StartOptions): Promise<HostUnderTest> {
  const forked = forkHost(stage, options);
  return { ...forked, ready: await forked.ready };
}

export async function send(
  stage: Stage,
  body: unknown,
  more: Readonly<Record<string, unknown>> = {},
  queue = "work",
): Promise<void> {
  const sender = stage.client.createSender(queue);
  try {
    await sender.sendMessages({ body, ...more });
  } finally {
    await sender.close();
  }
}

/** A copy of the sample app in the stage's folder with files changed; null takes a file away. */
export function makeApp(stage: Stage, files: Readonly<Record<string, string | null>>): string {
  const appDir = mkdtempSync(join(stage.folder, "app-"));
  cpSync(SAMPLE, appDir, { recursive: true });
  symlinkSync(MODULES, join(appDir, "node_modules"));
  for (const [name, text] of Object.entries(files)) {
    if (text === null) rmSync(join(appDir, name), { recursive: true });
    else writeFileSync(join(appDir, name), text);
  }
  return appDir;
}
