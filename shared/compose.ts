// Configuration → dependencies, lazily and once a process. Nothing here runs at import: a function file must register first.
import { fileURLToPath } from "node:url";
import { openGraphClient } from "./azure/graph-client.ts";
import type { BatchDeps } from "./azure/graph-batch.ts";
import { GraphDirectory } from "./azure/graph-directory.ts";
import { GraphNotifier } from "./azure/graph-notifier.ts";
import { nodeHash, nodeIds, nodeRandomness, stderrLog, wallClock } from "./azure/node-chance.ts";
import { noticeFolder } from "./azure/notice-files.ts";
import { readPackagedText } from "./azure/packaged-files.ts";
import { openStepQueue } from "./azure/service-bus-step-queue.ts";
import { zoneCalendar } from "./calendar/zone-calendar.ts";
import type { AppConfig } from "./config.ts";
import { readConfig } from "./config.ts";
import { createNoticeWriter } from "./notices/notice-writer.ts";
import { loadNotices } from "./notices/notices.ts";
import { parseNoticeManifest } from "./codec/notice-manifest.ts";
import { parseStepText } from "./codec/step-message.ts";
import type { PlanDeps } from "./pipeline/plan-waves.ts";
import type { RegistrationDeps } from "./pipeline/check-registration.ts";
import type { ApplyDeps } from "./pipeline/apply-rollout.ts";
import type { ProgressDeps } from "./pipeline/measure-progress.ts";
import type { ReplayDeps } from "./pipeline/replay-dead-letter.ts";
import type { StepDeps } from "./pipeline/step-deps.ts";
import type { Clock } from "./ports/clock.ts";
import { openTableStores } from "./tables/open-table-stores.ts";

/** What a host may put on `globalThis[HOST]`: its clock, and a recorder of what is exchanged with Graph. */
export interface HostGift {
  readonly clock?: Clock;
  readonly recordGraph?: (exchange: object) => void;
}
const HOST = Symbol.for("mfa-rollout.host");

/** Exact counts of what this process asked of tables and Graph: tests and the embedded summary read them. */
export interface Counts {
  reads: number;
  transactions: number;
  requests: number;
  writes: number;
  throttled: number;
  retried: number;
}
const COUNTS = Symbol.for("mfa-rollout.counts");

export interface Dependencies extends StepDeps, PlanDeps, RegistrationDeps, ApplyDeps, ProgressDeps, ReplayDeps {
  readonly counts: Counts;
  ensureTables(): Promise<void>;
  close(): Promise<void>;
}

// The bundle keeps this code one folder below the words; the sources keep it beside them.
const NOTICE_FOLDERS = ["../notices", "./notices"].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** The dashboard's page, as the build made it. */
export function readPage(): Promise<string> {
  return readPackagedText(new URL("../dashboard/index.html", import.meta.url));
}

let once: Promise<Dependencies> | null = null;

export function dependencies(): Promise<Dependencies> {
  // A failed start is tried again by the next invocation: the fault may have been the network's.
  once ??= compose(readConfig(), giftOf(globalThis)).catch((error: unknown) => {
    once = null;
    throw error;
  });
  return once;
}

export async function compose(config: AppConfig, gift: HostGift): Promise<Dependencies> {
  const clock = gift.clock ?? wallClock;
  const counts: Counts = { reads: 0, transactions: 0, requests: 0, writes: 0, throttled: 0, retried: 0 };
  Object.assign(globalThis, { [COUNTS]: counts });
  const log = stderrLog;
  const hooks: BatchDeps["hooks"] = {
    count: (what) => {
      counts[what === "request" ? "requests" : what === "write" ? "writes" : what] += 1;
    },
    record: gift.recordGraph ?? null,
  };
  const graph = async (clientId: string): Promise<BatchDeps> => ({
    client: await openGraphClient(config.graphBaseUrl, clientId, hooks, clock),
    clock,
    log,
    hooks,
  });
  const [stores, queue, reader, notifier, enforcer] = await Promise.all([
    openTableStores({
      connection: config.storage,
      tenant: config.tenant,
      hash: nodeHash,
      count: (kind) => {
        counts[kind === "read" ? "reads" : "transactions"] += 1;
      },
    }),
    openStepQueue(config.bus, clock),
    graph(config.clientIds.reader),
    graph(config.clientIds.notifier),
    graph(config.clientIds.enforcer),
  ]);
  return {
    ...stores,
    tenant: config.tenant,
    directory: new GraphDirectory(reader, enforcer, config.reportPagesPer10s),
    notifier: new GraphNotifier(notifier),
    notices: createNoticeWriter(() => loadNotices(NOTICE_FOLDERS.map(noticeFolder), parseNoticeManifest)),
    queue,
    parseNudge: parseStepText,
    calendarOf: zoneCalendar,
    clock,
    ids: nodeIds,
    random: nodeRandomness,
    log,
    breakGlassIds: config.breakGlassIds,
    budget: config.budget,
    noticeSenders: config.noticeSenders,
    counts,
    ensureTables: () => stores.ensureTables(),
    close: () => queue.close(),
  };
}

function giftOf(place: object): HostGift {
  const gift: unknown = Reflect.get(place, HOST);
  if (typeof gift !== "object" || gift === null) return {};
  const clock = "clock" in gift && isClock(gift.clock) ? { clock: gift.clock } : {};
  const record = "recordGraph" in gift && isRecorder(gift.recordGraph) ? { recordGraph: gift.recordGraph } : {};
  return { ...clock, ...record };
}

function isClock(value: unknown): value is Clock {
  return typeof value === "object" && value !== null && "now" in value && typeof value.now === "function";
}

function isRecorder(value: unknown): value is (exchange: object) => void {
  return typeof value === "function";
}
