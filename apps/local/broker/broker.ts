// The embedded Service Bus: an AMQP 1.0 broker for the unmodified @azure/service-bus client, durable by an append log.
import { accessSync, constants } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { UserFault } from "../../../shared/domain/fault.ts";
import { openLog } from "../durable/append-log.ts";
import { startLocked } from "../durable/folder-lock.ts";
import { listenAmqp, type AmqpServer } from "./amqp-server.ts";
import { Engine, type Held, type QueueCounts } from "./engine.ts";
import { BrokerFaults } from "./faults.ts";
import type { QueueOptions } from "./queue.ts";
import { refuseNotServed } from "./not-served.ts";
import { formatRecord, parseRecord } from "./records.ts";
import type { Totals } from "./records.ts";
import { Store } from "./store.ts";

const TICK_MS = 20; // exact enough for locks and schedules, and cheap: a tick looks at the head of four heaps a queue
const IDLE_MS = 120_000;

export interface BrokerOptions {
  /** Schedules, times to live and orphaned locks; locks of live connections run on the wall clock. */
  readonly clock: { now(): number };
  /** Null keeps everything in memory. */
  readonly dataDir: string | null;
  readonly host?: "127.0.0.1";
  /** 0 picks a free one. */
  readonly port: number;
  readonly queues: readonly QueueOptions[];
  readonly log: (line: string) => void;
  readonly faults?: BrokerFaults;
  readonly idleMs?: number;
  /** How long another owner of the folder is waited for; default 0. */
  readonly lockWaitMs?: number;
}

export interface Broker {
  readonly port: number;
  readonly connectionString: string;
  /** From now until `go`: sends and settlements are stored, nothing is activated, delivered or expired. */
  hold(): Held;
  go(): void;
  /** The clock jumped: what is due becomes active, once `go` comes if the broker is held. */
  clockMoved(): void;
  /** By the queue's name as declared. */
  counts(): Record<string, QueueCounts>;
  stats(): Totals;
  /** Cuts every connection, as a failing network does. */
  cutConnections(): void;
  close(): Promise<void>;
}

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  refuseNotServed(options.queues);
  const { dataDir, lockWaitMs = 0 } = options;
  if (dataDir !== null) await openFolder(dataDir);
  return startLocked(dataDir, lockWaitMs, (unlock) => startUnlocked(options, unlock));
}

async function startUnlocked(options: BrokerOptions, unlock: () => Promise<void>): Promise<Broker> {
  const { clock, dataDir, queues, log } = options;
  const faults = options.faults ?? new BrokerFaults({ seed: 1 });
  const store = new Store(queues);
  const failWrite = (): Error | null =>
    faults.strikes("fail-write") ? new Error("ENOSPC: no space left on device") : null;
  const appendLog = await openLog({
    path: dataDir === null ? null : join(dataDir, "broker.log"),
    owner: "broker",
    without: "with empty queues",
    codec: { format: formatRecord, parse: parseRecord },
    state: store,
    whenDurable: (record) => store.apply(record),
    log,
    failWrite,
  });
  const onError = (error: unknown): void => {
    log(`broker: ${error instanceof Error ? error.message : String(error)}`);
  };
  const engine = new Engine({ store, log: appendLog, clock, faults, onError });
  const served = new Set(queues.flatMap(({ name }) => store.find(name) ?? []));
  let server: AmqpServer;
  try {
    const listen = { host: options.host ?? "127.0.0.1", port: options.port, idleMs: options.idleMs ?? IDLE_MS };
    server = await listenAmqp(listen, { store, served, engine, faults, log });
  } catch (error) {
    await appendLog.close();
    throw error;
  }
  const ticker = setInterval(() => engine.tick(), TICK_MS);
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    clearInterval(ticker);
    await server.close();
    await appendLog.close();
    await unlock();
  };

  return {
    port: server.port,
    connectionString: connectionStringOf(server.port),
    hold: () => engine.hold(),
    go: () => engine.go(),
    clockMoved: () => engine.tick(),
    counts: () => Object.fromEntries([...served].map((queue) => [queue.options.name, engine.counts(queue)])),
    stats: () => store.totals,
    cutConnections: () => server.cutAll(),
    close: () => (closing ??= close()),
  };
}

/** The development form: plain TCP on the given port. Any key is accepted, none may be empty. */
function connectionStringOf(port: number): string {
  return (
    `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=local;SharedAccessKey=local;` + "UseDevelopmentEmulator=true;"
  );
}

async function openFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
    accessSync(dataDir, constants.W_OK);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new UserFault([
      {
        at: { where: "--data" },
        what: `The folder ${dataDir} cannot be written (${why}).`,
        fix: "Give a folder in which this user may create files.",
      },
    ]);
  }
}
