// The directory audit as Graph lists it: newest first, some minutes late (Microsoft Learn: directoryAudit).
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { MINUTE_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { unsupportedQuery } from "./answer.ts";
import type { AuditEntry } from "./audit-trail.ts";
import { describeEvent } from "./audit-text.ts";
import { chance } from "../chance.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import { answerPage, selectedOf } from "./pages.ts";
import type { Simulation } from "./simulation.ts";

const DEFAULT_TOP = 100;
const LATE_AT_LEAST_MS = 30 * SECOND_MS;
const LATE_AT_MOST_MS = 5 * MINUTE_MS;
const PROPERTIES: ReadonlySet<string> = new Set([
  "id",
  "activityDateTime",
  "activityDisplayName",
  "additionalDetails",
  "category",
  "correlationId",
  "initiatedBy",
  "loggedByService",
  "operationType",
  "result",
  "resultReason",
  "targetResources",
]);

export const auditOperations: readonly Operation[] = [
  {
    method: "GET",
    versions: BOTH,
    path: ["auditLogs", "directoryAudits"],
    service: "reports",
    resourceUnits: 1,
    writes: 0,
    roles: ["AuditLog.Read.All", "Directory.Read.All"],
    run: listAudits,
  },
];

function listAudits(tenant: Simulation, request: GraphRequest): Answer {
  const select = selectedOf(request, { known: PROPERTIES, type: "directoryAudit" });
  if ("status" in select) return select;
  const order = request.query.get("$orderby");
  if (order !== null && order !== "activityDateTime desc") {
    return unsupportedQuery(`Unsupported sort clause: ${order}`);
  }
  const { audit } = tenant;
  return answerPage(tenant, request, {
    context: "auditLogs/directoryAudits",
    defaultTop: DEFAULT_TOP,
    length: audit.end,
    asOf: request.now,
    properties: PROPERTIES,
    row: (index, asOf) => {
      // Counted from the newest entry at the instant of the first page, so that what happens meanwhile moves nothing.
      const entry = audit.at(audit.endAt(asOf) - 1 - index);
      return entry === undefined || visibleAt(tenant, entry) > asOf ? null : auditRow(tenant, entry);
    },
    project: (row) => Object.fromEntries(select.map((name) => [name, row[name]])),
  });
}

function visibleAt(tenant: Simulation, { number, event }: AuditEntry): Instant {
  const share = chance(tenant.options.seed, `audit/${number}`);
  return event.at + LATE_AT_LEAST_MS + Math.floor(share * (LATE_AT_MOST_MS - LATE_AT_LEAST_MS));
}

function auditRow(tenant: Simulation, entry: AuditEntry): Readonly<Record<string, unknown>> {
  const text = describeEvent(entry, tenant.directory);
  const id = deriveGuid(`${tenant.options.tenantId}/audit/${entry.number}`);
  return {
    id: `Directory_${id}_${entry.number}`,
    activityDateTime: new Date(entry.event.at).toISOString(),
    activityDisplayName: text.activity,
    additionalDetails: [],
    category: text.category,
    correlationId: id,
    initiatedBy: text.initiatedBy,
    loggedByService: text.service,
    operationType: text.operation,
    result: "success",
    resultReason: "",
    targetResources: text.targets,
  };
}
