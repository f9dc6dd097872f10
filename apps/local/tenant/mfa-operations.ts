// Per-user MFA: beta only.
import * as z from "zod";
import type { Answer } from "./answer.ts";
import { badRequest, denied, empty, notFound, ok } from "./answer.ts";
import { chance } from "../chance.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import type { Person } from "./people.ts";
import { mfaStateAt, registrationAt } from "./people.ts";
import { planRevert } from "./people-faults.ts";
import type { Simulation } from "./simulation.ts";
import { findVisible } from "./user-operations.ts";

const WRITE_ROLE = "Policy.ReadWrite.AuthenticationMethod";
const anyObject = z.record(z.string(), z.unknown());
const mfaState = z.enum(["disabled", "enabled", "enforced"]);

export const mfaOperations: readonly Operation[] = [
  {
    method: "GET",
    versions: ["beta"],
    path: ["users", ":id", "authentication", "requirements"],
    service: "auth-methods",
    resourceUnits: 1,
    writes: 0,
    roles: ["Policy.Read.All", WRITE_ROLE],
    run: readRequirements,
  },
  {
    method: "PATCH",
    versions: ["beta"],
    path: ["users", ":id", "authentication", "requirements"],
    service: "auth-methods",
    resourceUnits: 1,
    writes: 1,
    roles: [WRITE_ROLE],
    run: writeRequirements,
  },
];

function readRequirements(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  const { origin, version, now } = request;
  const context = `${origin}/${version}/$metadata#users('${person.user.id}')/authentication/requirements/$entity`;
  return ok({ "@odata.context": context, perUserMfaState: mfaStateAt(person, now, tenant.knobs) });
}

function writeRequirements(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const body = anyObject.safeParse(request.body);
  if (!body.success) return badRequest("A JSON object was expected in the request body.");
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  if (person.isProtected) return denied();

  const given = body.data["perUserMfaState"];
  const requested = given === undefined ? null : mfaState.safeParse(given).data;
  if (requested === undefined) {
    return badRequest("Invalid value specified for property 'perUserMfaState' of resource 'authentication'.");
  }
  // A misspelt property is accepted and changes nothing: only a read-back tells.
  if (requested === null) tenant.refused(`PATCH ${request.path.join("/")}`, 204, "no known property in the body");
  tenant.commit({
    t: "write",
    at: request.now,
    user: person.user.id,
    by: request.caller.clientId,
    requested,
    ...outcome(tenant, person, requested, request.now),
  });
  planRevert(tenant, person, request.now);
  return empty(204);
}

/** What a write stores: `enabled` on somebody registered binds at once, but for a share of those who are re-enabled. */
function outcome(
  tenant: Simulation,
  person: Person,
  requested: z.infer<typeof mfaState> | null,
  now: number,
): { stored: z.infer<typeof mfaState>; sticky: boolean } {
  if (requested === null) return { stored: person.mfa.state, sticky: person.mfa.sticky };
  if (requested !== "enabled" || registrationAt(person, now) === null) return { stored: requested, sticky: false };
  const wasOnBefore = person.user.mfaState !== "disabled" || person.writes.some((one) => one.requested !== null);
  const draw = chance(tenant.options.seed, `stays-enabled/${person.user.id}/${person.writes.length}`);
  if (wasOnBefore && draw < tenant.knobs.staysEnabledShare) return { stored: "enabled", sticky: true };
  return { stored: "enforced", sticky: false };
}
