// Conditional Access policies: one request a second for the whole tenant, and no word on when to come back.
import * as z from "zod";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { Answer } from "./answer.ts";
import { badRequest, created, empty, firstFault, notFound, ok } from "./answer.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import type { Simulation } from "./simulation.ts";

const PATH = ["identity", "conditionalAccess", "policies"];
const READERS = ["Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"];
const WRITERS = ["Policy.ReadWrite.ConditionalAccess"];
// Of all states, hard (Microsoft Learn: Microsoft Entra service limits).
const MOST_POLICIES = 240;
const state = z.enum(["enabled", "disabled", "enabledForReportingButNotEnforced"]);
const anyObject = z.record(z.string(), z.unknown());
const change = z.looseObject({ displayName: z.string().optional(), state: state.optional() });
const creation = z.looseObject({
  displayName: z.string(),
  state,
  conditions: z.looseObject({ users: anyObject, applications: anyObject, clientAppTypes: z.array(z.string()) }),
});

export const policyOperations: readonly Operation[] = [
  policy("GET", PATH, READERS, listPolicies),
  policy("POST", PATH, WRITERS, createPolicy),
  policy("GET", [...PATH, ":id"], READERS, getPolicy),
  policy("PATCH", [...PATH, ":id"], WRITERS, changePolicy),
  policy("DELETE", [...PATH, ":id"], WRITERS, deletePolicy),
];

function policy(
  method: Operation["method"],
  path: readonly string[],
  roles: readonly string[],
  run: (tenant: Simulation, request: GraphRequest, id: string) => Answer,
): Operation {
  const cost = { service: "conditional-access", resourceUnits: 1, writes: 0 } as const;
  return {
    method,
    versions: BOTH,
    path,
    ...cost,
    roles,
    run: (tenant, request) => run(tenant, request, request.path[3] ?? ""),
  };
}

function listPolicies(tenant: Simulation, request: GraphRequest): Answer {
  const context = `${request.origin}/${request.version}/$metadata#identity/conditionalAccess/policies`;
  return ok({ "@odata.context": context, value: tenant.policies.all() });
}

function getPolicy(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const body = tenant.policies.find(id);
  if (body === undefined) return notFound(id);
  const context = `${request.origin}/${request.version}/$metadata#identity/conditionalAccess/policies/$entity`;
  return ok({ "@odata.context": context, ...body });
}

function createPolicy(tenant: Simulation, request: GraphRequest): Answer {
  const parsed = creation.safeParse(request.body);
  if (!parsed.success) return badRequest(`1007: ${firstFault(parsed.error)}`);
  const count = tenant.policies.all().length;
  if (count >= MOST_POLICIES) return badRequest(`The number of policies exceeds the limit of ${MOST_POLICIES}.`);
  const id = deriveGuid(`${tenant.options.tenantId}/policy/${tenant.audit.end}`);
  const body = { ...parsed.data, id, createdDateTime: new Date(request.now).toISOString(), modifiedDateTime: null };
  tenant.commit({ t: "policy-set", at: request.now, by: request.caller.clientId, policy: id, body });
  return created(body);
}

/** Properties that are not sent stay; a collection that is sent replaces the old one. */
function changePolicy(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const old = tenant.policies.find(id);
  if (old === undefined) return notFound(id);
  const parsed = change.safeParse(request.body);
  if (!parsed.success) return badRequest(`1007: ${firstFault(parsed.error)}`);
  const conditions = { ...anyObject.parse(old["conditions"]), ...anyObject.safeParse(parsed.data["conditions"]).data };
  const body = { ...old, ...parsed.data, conditions, id, modifiedDateTime: new Date(request.now).toISOString() };
  tenant.commit({ t: "policy-set", at: request.now, by: request.caller.clientId, policy: id.toLowerCase(), body });
  return empty(204);
}

function deletePolicy(tenant: Simulation, request: GraphRequest, id: string): Answer {
  if (tenant.policies.find(id) === undefined) return notFound(id);
  tenant.commit({ t: "policy-deleted", at: request.now, by: request.caller.clientId, policy: id.toLowerCase() });
  return empty(204);
}
