// Everything that the pipeline needs of the world, in memory and replayable from a seed.
import { noticeFolder } from "../../shared/azure/notice-files.ts";
import { zoneCalendar } from "../../shared/calendar/zone-calendar.ts";
import { parseNoticeManifest } from "../../shared/codec/notice-manifest.ts";
import { parseStepText } from "../../shared/codec/step-message.ts";
import type { Budget } from "../../shared/domain/ledger.ts";
import { budgetFrom } from "../../shared/domain/ledger.ts";
import type { UserId } from "../../shared/domain/names.ts";
import { MemoryDirectory } from "../../shared/memory/memory-directory.ts";
import { MemoryNotifier } from "../../shared/memory/memory-notifier.ts";
import { MemoryStepQueue } from "../../shared/memory/memory-step-queue.ts";
import { createMemoryTables } from "../../shared/memory/memory-tables.ts";
import type { MemoryTablesOptions } from "../../shared/memory/memory-tables.ts";
import { MemoryTenant } from "../../shared/memory/memory-tenant.ts";
import { RecordingLog } from "../../shared/memory/recording-log.ts";
import { QuickHash, SeededRandom } from "../../shared/memory/seeded-chance.ts";
import { VirtualClock } from "../../shared/memory/virtual-clock.ts";
import { createNoticeWriter } from "../../shared/notices/notice-writer.ts";
import { loadNotices } from "../../shared/notices/notices.ts";
import { createStores } from "../../shared/tables/create-stores.ts";

export const TENANT = "44444444-0000-4000-8000-000000000001";
const WORDS = noticeFolder(new URL("../../shared/notices", import.meta.url).pathname);
const BUDGET = budgetFrom({ writesPer150s: 2_850, mailsPerMinute: 30, mailsPerDay: 10_000 });

export interface MemoryDepsOptions extends MemoryTablesOptions {
  readonly seed?: number;
  readonly budget?: Budget;
  readonly noticeSenders?: readonly string[];
}

export function createMemoryDeps(now: number, options: MemoryDepsOptions = {}) {
  const { seed = 1, budget = BUDGET, noticeSenders = [], ...ofTables } = options;
  const [clock, memory, queue] = [new VirtualClock(now), new MemoryTenant(), new MemoryStepQueue(options.faults)];
  let ids = 0;
  const deps = {
    ...createStores(createMemoryTables(ofTables), { tenant: TENANT, hash: new QuickHash() }),
    tenant: TENANT,
    directory: new MemoryDirectory(memory),
    notifier: new MemoryNotifier(memory, clock),
    notices: createNoticeWriter(() => loadNotices([WORDS], parseNoticeManifest)),
    queue,
    parseNudge: parseStepText,
    calendarOf: zoneCalendar,
    clock,
    ids: { newId: () => `commit-${String((ids += 1))}` },
    random: new SeededRandom(seed + 1),
    log: new RecordingLog(),
    breakGlassIds: new Set<UserId>(),
    noticeSenders,
    budget,
  };
  return { deps, clock, tenant: memory, queue };
}
