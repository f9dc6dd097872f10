// Temporary Access Passes and the end of all sessions: what a helpdesk does for one person.
import { randomBytes } from "node:crypto";
import * as z from "zod";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { badRequest, created, empty, firstFault, notFound, ok } from "./answer.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import type { Pass, Person } from "./people.ts";
import type { Simulation } from "./simulation.ts";
import { findVisible } from "./user-operations.ts";

const PATH = ["users", ":id", "authentication", "temporaryAccessPassMethods"];
const WRITERS = ["UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"];
const READERS = ["UserAuthMethod-TAP.Read.All", "UserAuthenticationMethod.Read.All", ...WRITERS];
// Bounds of Graph, and the methods policy's defaults within them (Microsoft Learn: Temporary Access Pass).
const BOUNDS = { min: 10, max: 43_200 };
const POLICY = { min: 60, max: 480, usual: 60, length: 8 };
const ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789+$#&";

const passBody = z.strictObject({
  "@odata.type": z.literal("#microsoft.graph.temporaryAccessPassAuthenticationMethod").optional(),
  startDateTime: z.iso.datetime({ offset: true }).optional(),
  lifetimeInMinutes: z.int().min(BOUNDS.min).max(BOUNDS.max).optional(),
  isUsableOnce: z.boolean().optional(),
});

const pass = { versions: BOTH, service: "auth-methods", resourceUnits: 1 } as const;

export const sessionOperations: readonly Operation[] = [
  { ...pass, method: "GET", path: PATH, writes: 0, roles: READERS, run: listPasses },
  { ...pass, method: "POST", path: PATH, writes: 1, roles: WRITERS, run: createPass },
  { ...pass, method: "DELETE", path: [...PATH, ":id"], writes: 1, roles: WRITERS, run: deletePass },
  {
    method: "POST",
    versions: BOTH,
    path: ["users", ":id", "revokeSignInSessions"],
    service: "identity",
    resourceUnits: 1,
    writes: 1,
    roles: ["User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"],
    run: revokeSessions,
  },
];

function listPasses(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  const context = contextOf(request, person);
  const value = person.pass === null ? [] : [passRow(person.pass, request.now)];
  return ok({ "@odata.context": context, value });
}

function createPass(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const parsed = passBody.safeParse(request.body ?? {});
  if (!parsed.success) return badRequest(firstFault(parsed.error));
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  if (!tenant.knobs.tapEnabled)
    return badRequest("Temporary Access Pass is not enabled in the authentication methods policy.");
  if (person.user.userType === "Guest")
    return badRequest("Temporary Access Pass cannot be created for an external user.");
  const { lifetimeInMinutes: minutes = POLICY.usual, startDateTime, isUsableOnce: once = false } = parsed.data;
  if (minutes < POLICY.min || minutes > POLICY.max) {
    return badRequest(`The lifetime must be between ${POLICY.min} and ${POLICY.max} minutes.`);
  }
  const startAt = Math.max(request.now, startDateTime === undefined ? 0 : Date.parse(startDateTime));
  const made = { id: deriveGuid(`${person.user.id}/pass/${tenant.audit.end}`), startAt, minutes, once };
  tenant.commit({ t: "tap", at: request.now, by: request.caller.clientId, user: person.user.id, ...made });
  const row = passRow({ ...made, createdAt: request.now }, request.now);
  return created({ "@odata.context": `${contextOf(request, person)}/$entity`, ...row, temporaryAccessPass: secret() });
}

/** A second deletion finds nothing, as everything here that is gone. */
function deletePass(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  const passId = request.path[4] ?? "";
  if (person?.pass?.id !== passId.toLowerCase()) return notFound(person === undefined ? id : passId);
  tenant.commit({ t: "tap-deleted", at: request.now, by: request.caller.clientId, user: person.user.id });
  return empty(204);
}

/** A guest's sessions belong to the guest's own tenant: the answer is the same, and nothing happens. */
function revokeSessions(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  if (person.user.userType !== "Guest") {
    tenant.commit({ t: "sessions-revoked", at: request.now, by: request.caller.clientId, user: person.user.id });
  }
  const context = `${request.origin}/${request.version}/$metadata#Edm.Boolean`;
  return ok({ "@odata.context": context, value: true });
}

export function isUsable({ startAt, minutes }: Pass, now: Instant): boolean {
  return startAt <= now && now < startAt + minutes * MINUTE_MS;
}

export function passRow(one: Pass, now: Instant): Readonly<Record<string, unknown>> {
  const reason = isUsable(one, now) ? "EnabledByPolicy" : now < one.startAt ? "NotYetValid" : "Expired";
  return {
    id: one.id,
    temporaryAccessPass: null,
    createdDateTime: new Date(one.createdAt).toISOString(),
    startDateTime: new Date(one.startAt).toISOString(),
    lifetimeInMinutes: one.minutes,
    isUsableOnce: one.once,
    isUsable: isUsable(one, now),
    methodUsabilityReason: reason,
  };
}

function contextOf(request: GraphRequest, { user }: Person): string {
  return `${request.origin}/${request.version}/$metadata#users('${user.id}')/authentication/temporaryAccessPassMethods`;
}

/** By true chance: what a seed gives could be computed by whoever reads the log. */
function secret(): string {
  return [...randomBytes(POLICY.length)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? "A").join("");
}
