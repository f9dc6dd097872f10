// A whole embedded runtime around the sample function app, with a stand-in for the tenant.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import type {
  Addresses,
  Supervisor,
  SupervisorEvent,
  SupervisorOptions,
} from "../../../apps/local/supervisor/options.ts";
import { startSupervisor } from "../../../apps/local/supervisor/supervisor.ts";
import { readRecords } from "../host/records.ts";
import type { Recorded } from "../host/records.ts";
import { until } from "../until.ts";
import type { TenantChildOptions } from "../../../apps/local/supervisor/tenant-settings.ts";
import type { BuiltChildren } from "./built-children.ts";

export const START = Date.UTC(2026, 2, 2, 6, 0, 10);
// From the checkout's root, because this file also runs bundled, from another folder.
const SAMPLE = resolve("test/integration/host/apps/sample");

export interface SupervisorUnderTest {
  readonly supervisor: Supervisor;
  readonly client: ServiceBusClient;
  readonly events: readonly SupervisorEvent[];
  readonly lines: readonly string[];
  readonly dataDir: string;
  readonly records: (what?: string) => Recorded[];
  readonly waitFor: (what: string, count?: number) => Promise<Recorded[]>;
  readonly jumps: () => Extract<SupervisorEvent, { kind: "jumped" }>[];
  /** Stops; the folder stays for another start. */
  stop(): Promise<void>;
}

type Settings = Readonly<Record<string, string>>;
export type Changes = Partial<Omit<SupervisorOptions, "settings">> & {
  readonly settings?: Settings | ((addresses: Addresses) => Settings);
};

const folders: string[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "supervisor-test-"));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Nobody in it, and no limits. */
export const EMPTY_TENANT: TenantChildOptions = {
  users: [],
  seed: 1,
  faults: [],
  quota: "off",
  latencyMs: 0,
  tenantId: "t",
  identityHeader: "h",
  identities: [],
  senders: [],
  breakGlass: [],
  adminToken: "a",
};

/** `readWakeAt` is "nothing planned" unless a test says otherwise. */
export function optionsOf(
  children: BuiltChildren,
  dataDir: string,
  { settings, ...more }: Changes = {},
): SupervisorOptions {
  return {
    entries: children,
    functionAppDir: SAMPLE,
    settings: (addresses) => ({
      BUS: addresses.broker.connectionString,
      WORK_QUEUE: "work",
      HOURLY_SCHEDULE: "0 0 * * * *",
      RECORD: join(dataDir, "record.jsonl"),
      // Only the planner and one other timer, so that a test knows what is due.
      "AzureWebJobs.quiet-timer.Disabled": "true",
      "AzureWebJobs.flaky-timer.Disabled": "true",
      "AzureWebJobs.unmonitored.Disabled": "true",
      ...(typeof settings === "function" ? settings(addresses) : settings),
    }),
    instances: 2,
    ports: { http: 0, broker: 0, tables: 0, tenant: 0 },
    keys: { host: "the-host-key", master: "the-master-key" },
    dataDir,
    queues: ["work", "unsettled"].map((name) => ({ name, lockMs: 300_000, maxDeliveryCount: 10 })),
    tenant: EMPTY_TENANT,
    start: START,
    speed: { kind: "max" },
    planner: "plan-waves",
    readWakeAt: () => Promise.resolve(null),
    recordGraphFile: null,
    log: () => undefined,
    observe: () => undefined,
    ...more,
  };
}

export async function startUnderTest(children: BuiltChildren, changes: Changes = {}): Promise<SupervisorUnderTest> {
  const dataDir = changes.dataDir ?? newFolder();
  const events: SupervisorEvent[] = [];
  const lines: string[] = [];
  const supervisor = await startSupervisor(
    optionsOf(children, dataDir, {
      ...changes,
      log: (line) => lines.push(line),
      observe: (event) => {
        events.push(event);
        changes.observe?.(event);
      },
    }),
  );
  const client = new ServiceBusClient(supervisor.addresses.broker.connectionString);
  const records = (what?: string): Recorded[] =>
    readRecords(join(dataDir, "record.jsonl")).filter((one) => what === undefined || one.what === what);
  return {
    supervisor,
    client,
    events,
    lines,
    dataDir,
    records,
    waitFor: (what, count = 1) =>
      until(
        `${String(count)} × ${what}`,
        () => records(what),
        (found) => found.length >= count,
        20_000,
      ),
    jumps: () => events.filter((event) => event.kind === "jumped"),
    stop: async () => {
      await client.close();
      await supervisor.stop();
    },
  };
}
