// From a URL and a caller to an answer: find the operation, meter it, check the permission, run it. The order matters: a call that
// is refused for lack of permission has used quota, too.
import type { Instant } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { denied, graphError, unknownSegment } from "./answer.ts";
import { mailOperations } from "./mail-operations.ts";
import { mfaOperations } from "./mfa-operations.ts";
import type { Operation, Version } from "./operation.ts";
import { reportOperations } from "./report-operations.ts";
import type { Simulation } from "./simulation.ts";
import { tenantOperations } from "./tenant-operations.ts";
import type { Caller } from "./tokens.ts";
import { userOperations } from "./user-operations.ts";

const OPERATIONS: readonly Operation[] = [
  ...mfaOperations,
  ...mailOperations,
  ...userOperations,
  ...reportOperations,
  ...tenantOperations,
];
const FEW_ROWS = 20;

export interface Call {
  readonly method: string;
  readonly version: Version;
  /** Path and query after the version, as on the wire. */
  readonly url: string;
  readonly body: unknown;
  readonly caller: Caller;
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
  const sameShape = OPERATIONS.filter((one) => one.versions.includes(call.version) && fits(one.path, path));
  if (sameShape.length === 0) return unknownSegment(path.at(-1) ?? "");
  const operation = sameShape.find((one) => one.method === call.method);
  if (operation === undefined) {
    return graphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.");
  }

  const query = new URLSearchParams(/\?([^#]*)/u.exec(call.url)?.[1] ?? "");
  const { service, writes } = operation;
  const cost = { service, writes, resourceUnits: resourceUnits(operation, query) };
  const metered = tenant.quota.meter(call.caller.clientId, cost, call.now);
  if (metered.kind === "refused") {
    if (writes > 0) tenant.countRefusedWrite(call.caller.clientId);
    return metered.answer;
  }
  const request = { ...call, path, query };
  const answer = permitted(operation, call.caller) ? operation.run(tenant, request, path[1] ?? "") : refuse(service);
  return { ...answer, headers: { ...metered.headers, ...answer.headers } };
}

function permitted(operation: Operation, caller: Caller): boolean {
  return operation.roles.some((role) => caller.roles.has(role));
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
