// What the pipeline of one caller is given: the real stores and codecs on that caller's own port calls.
import { zoneCalendar } from "../../../shared/calendar/zone-calendar.ts";
import { MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { Budget } from "../../../shared/domain/ledger.ts";
import type { SenderId, UserId } from "../../../shared/domain/names.ts";
import type { SeededRandom } from "../../../shared/memory/seeded-chance.ts";
import type { RegistrationDeps } from "../../../shared/pipeline/check-registration.ts";
import type { ProgressDeps } from "../../../shared/pipeline/measure-progress.ts";
import type { PlanDeps } from "../../../shared/pipeline/plan-waves.ts";
import type { StepDeps } from "../../../shared/pipeline/step-deps.ts";
import type { Calendar } from "../../../shared/ports/calendar.ts";
import type { Log } from "../../../shared/ports/log.ts";
import type { Hash } from "../../../shared/ports/chance.ts";
import type { Tables } from "../../../shared/ports/entity-table.ts";
import type { NoticeWriter } from "../../../shared/ports/notifier.ts";
import { createStores } from "../../../shared/tables/create-stores.ts";
import type { Caller, PortCalls } from "./port-calls.ts";
import type { SimBus } from "./sim-bus.ts";
import type { GraphParts } from "./sim-graph.ts";
import { SimDirectory, SimNotifier } from "./sim-graph.ts";
import { tablesOf } from "./sim-tables.ts";

export const TENANT = "44444444-0000-4000-8000-000000000001";

export interface DepsParts {
  readonly calls: PortCalls;
  readonly tables: Tables;
  readonly graph: GraphParts;
  readonly bus: SimBus;
  readonly hash: Hash;
  readonly budget: Budget;
  readonly senders: readonly SenderId[];
  readonly newId: () => string;
  readonly random: SeededRandom;
}

/**
 * A deadline is printed as an instant, so that the oracle can read what was promised. Every minute is a slot: full hours would hide a
 * deadline that is a few minutes short.
 */
export function calendarOf(timeZone: string): Calendar {
  const zone = zoneCalendar(timeZone);
  return {
    timeZone,
    toInstant: (local) => zone.toInstant(local),
    nextSlot: (at) => Math.ceil(at / MINUTE_MS) * MINUTE_MS,
    format: (at) => new Date(at).toISOString(),
    formatIso: (at) => zone.formatIso(at),
  };
}

const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

const plainWords: NoticeWriter = {
  write: async ({ notice, formatDeadline }) => ({ subject: notice, html: "", text: formatDeadline("en") }),
};

export type SimDeps = StepDeps & PlanDeps & RegistrationDeps & ProgressDeps;

export function depsOf(caller: Caller, parts: DepsParts): SimDeps {
  const { calls, tables, graph, bus, hash, budget, senders, newId, random } = parts;
  return {
    ...createStores(tablesOf(caller, calls, tables), { tenant: TENANT, hash }),
    tenant: TENANT,
    directory: new SimDirectory(graph, caller),
    notifier: new SimNotifier(graph, caller),
    notices: plainWords,
    queue: bus.queueOf(caller),
    calendarOf,
    clock: caller.clock,
    ids: { newId },
    random,
    log: SILENT,
    breakGlassIds: new Set<UserId>(),
    noticeSenders: senders,
    budget,
  };
}
