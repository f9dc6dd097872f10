// From a URL and a caller to an answer: find the operation, meter it, check the permission, run it. The order matters: a call that
// is refused for lack of permission has used quota, too.
import type { Instant } from "../../../shared/domain/instant.ts";
import { accountOperations } from "./account-operations.ts";
import type { Answer } from "./answer.ts";
import { denied, graphError, unknownSegment } from "./answer.ts";
import { auditOperations } from "./audit-operations.ts";
import { deltaOperations } from "./delta-operations.ts";
import { groupOperations } from "./group-operations.ts";
import { mailOperations } from "./mail-operations.ts";
import { methodOperations } from "./method-operations.ts";
import { mfaOperations } from "./mfa-operations.ts";
import type { GraphRequest, Operation, Version } from "./operation.ts";
import { meetFate } from "./people-faults.ts";
import { policyOperations } from "./policy-operations.ts";
import type { Metered } from "./quota.ts";
import { reportOperations } from "./report-operations.ts";
import { sessionOperations } from "./session-operations.ts";
import { settingOperations } from "./setting-operations.ts";
import { signInOperations } from "./sign-in-operations.ts";
import type { Simulation } from "./simulation.ts";
import { tenantOperations } from "./tenant-operations.ts";
import type { Caller } from "./tokens.ts";
import { userOperations } from "./user-operations.ts";

export const OPERATIONS: readonly Operation[] = [
  ...mfaOperations,
  ...methodOperations,
  ...mailOperations,
  ...deltaOperations, // before the user whose id would be "delta", or "$count"
  ...accountOperations,
  ...userOperations,
  ...reportOperations,
  ...tenantOperations,
  ...auditOperations,
  ...signInOperations,
  ...groupOperations,
  ...policyOperations,
  ...settingOperations,
  ...sessionOperations,
];
const FEW_ROWS = 20;
// A batch of 20 asks 20 times: the few operations of one shape are looked through, not all.
const BY_SHAPE = byShape();

export interface Call {
  readonly method: string;
  readonly version: Version;
  /** Path and query after the version, as on the wire. */
  readonly url: string;
  readonly body: unknown;
  readonly caller: Caller;
  /** `ConsistencyLevel: eventual`. */
  readonly eventual: boolean;
  readonly origin: string;
  readonly now: Instant;
}

/** Runs one call or one step of a batch. */
export function runCall(tenant: Simulation, call: Call): Answer {
  tenant.counters.steps++;
  const answer = route(tenant, call);
  if (answer.status === 400 || answer.status === 405) {
    tenant.refused(`${call.method} ${call.url}`, answer.status, JSON.stringify(answer.body));
  }
  return answer;
}

/** What a step asks for, without its query: for mailbox places and for the choice of faults. */
export function parsePath(url: string): readonly string[] | null {
  // A `#` ends the path, as in any URL: what is behind it never reaches the service.
  const path = url.split(/[?#]/u, 1)[0] ?? "";
  try {
    return path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

function route(tenant: Simulation, call: Call): Answer {
  const path = parsePath(call.url);
  if (path === null) return graphError(400, "BadRequest", "Invalid request path.");
  const sameShape = (BY_SHAPE.get(shapeOf(path)) ?? []).filter(
    (one) => one.versions.includes(call.version) && fits(one.path, path),
  );
  if (sameShape.length === 0) return unknownSegment(path.at(-1) ?? "");
  const operation = sameShape.find((one) => one.method === call.method);
  if (operation === undefined) {
    return graphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.");
  }

  const query = new URLSearchParams(/\?([^#]*)/u.exec(call.url)?.[1] ?? "");
  const { service, writes } = operation;
  const cost = { service, writes, resourceUnits: resourceUnits(operation, query) };
  const metered = tenant.quota.meter(call.caller.clientId, cost, call.now);
  const answer = metered.kind === "refused" ? metered.answer : run(tenant, operation, { ...call, path, query });
  if (writes > 0) countWrite(tenant, call, metered, answer);
  return metered.kind === "refused" ? answer : { ...answer, headers: { ...metered.headers, ...answer.headers } };
}

function countWrite(tenant: Simulation, { caller }: Call, metered: Metered, { status }: Answer): void {
  tenant.counters.meteredWrites++;
  if (metered.kind === "refused") tenant.counters.throttledWrites++;
  // A write that changed nothing leaves no event of its own, but has used quota.
  if (status >= 400) tenant.countRefusedWrite(caller.clientId);
}

function run(tenant: Simulation, operation: Operation, request: GraphRequest): Answer {
  if (!permitted(tenant, operation, request.caller)) return refuse(operation.service);
  const id = request.path[1] ?? "";
  if (operation.path[0] === "users" && operation.path[1] === ":id") meetFate(tenant, id, request.now);
  return operation.run(tenant, request, id);
}

function byShape(): ReadonlyMap<string, readonly Operation[]> {
  const found = new Map<string, Operation[]>();
  for (const operation of OPERATIONS) {
    const shape = shapeOf(operation.path);
    found.set(shape, [...(found.get(shape) ?? []), operation]);
  }
  return found;
}

function shapeOf(path: readonly string[]): string {
  return `${path.length} ${path[0]?.toLowerCase() ?? ""}`;
}

function permitted({ agenda }: Simulation, { roles }: Operation, caller: Caller): boolean {
  return roles.some((role) => caller.roles.has(role) && !agenda.isLost(caller.clientId, role));
}

function refuse(service: Operation["service"]): Answer {
  if (service === "outlook") {
    return graphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
  }
  if (service === "reports") {
    const text =
      "The principal does not have required Microsoft Graph permission(s): AuditLog.Read.All to call this API.";
    return graphError(403, "Authentication_MSGraphPermissionMissing", text);
  }
  return denied();
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.length !== path.length) return false;
  return pattern.every((segment, i) => segment === ":id" || segment.toLowerCase() === path[i]?.toLowerCase());
}

function resourceUnits({ resourceUnits: base }: Operation, query: URLSearchParams): number {
  const top = query.get("$top");
  const fewer = (query.has("$select") ? 1 : 0) + (top !== null && Number(top) < FEW_ROWS ? 1 : 0);
  return Math.max(1, base - fewer + (query.has("$expand") ? 1 : 0));
}
