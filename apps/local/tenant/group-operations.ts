// Groups: members are added twenty a request, all or none, and are seen a little later (Microsoft Learn: add members).
import * as z from "zod";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { Answer } from "./answer.ts";
import { badRequest, created, empty, firstFault, noSuchObject, notFound, ok } from "./answer.ts";
import type { KnownGroup } from "./groups.ts";
import { isMemberAt, membersAt } from "./groups.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import { answerPage } from "./pages.ts";
import { PROPERTIES, readSelect, project, userRow } from "./user-rows.ts";
import type { Simulation } from "./simulation.ts";

const READERS = [
  "GroupMember.Read.All",
  "GroupMember.ReadWrite.All",
  "Group.Read.All",
  "Group.ReadWrite.All",
  "Directory.Read.All",
];
const WRITERS = ["GroupMember.ReadWrite.All", "Group.ReadWrite.All"];
const MOST_MEMBERS = 20;
const DEFAULT_TOP = 100;
const USER_CAST = "microsoft.graph.user";
const PRESENT = "One or more added object references already exist for the following modified properties: 'members'.";
const ABSENT = "One or more removed object references do not exist for the following modified properties: 'members'.";
const REFERENCE = /^https:\/\/[^/]+\/(?:v1\.0|beta)\/(?:directoryObjects|users)\/([0-9a-f-]{36})$/iu;

const groupBody = z.object({
  displayName: z.string().min(1),
  description: z.string().nullable().default(null),
  mailNickname: z.string().min(1),
  mailEnabled: z.boolean(),
  securityEnabled: z.boolean(),
  isAssignableToRole: z.boolean().default(false),
  groupTypes: z.array(z.string()).default([]),
  membershipRule: z.string().nullable().default(null),
});
const patchBody = z.strictObject({ "members@odata.bind": z.array(z.string()).min(1) });
const referenceBody = z.strictObject({ "@odata.id": z.string() });

export const groupOperations: readonly Operation[] = [
  read(["groups"], 1, listGroups),
  read(["groups", ":id"], 1, getGroup),
  ...["members", "transitiveMembers"].flatMap((members) => {
    const units = members === "members" ? 3 : 5;
    return [
      read(["groups", ":id", members], units, listMembers),
      read(["groups", ":id", members, USER_CAST], units, listMembers),
    ];
  }),
  write("POST", ["groups"], ["Group.Create", "Group.ReadWrite.All"], createGroup),
  write("PATCH", ["groups", ":id"], WRITERS, addMembers),
  write("POST", ["groups", ":id", "members", "$ref"], WRITERS, addMember),
  write("DELETE", ["groups", ":id", "members", ":id", "$ref"], WRITERS, removeMember),
];

function read(path: readonly string[], resourceUnits: number, run: Operation["run"]): Operation {
  return { method: "GET", versions: BOTH, path, service: "identity", resourceUnits, writes: 0, roles: READERS, run };
}

function write(
  method: Operation["method"],
  path: readonly string[],
  roles: readonly string[],
  run: Operation["run"],
): Operation {
  return { method, versions: BOTH, path, service: "identity", resourceUnits: 1, writes: 1, roles, run };
}

function listGroups(tenant: Simulation, request: GraphRequest): Answer {
  const context = `${request.origin}/${request.version}/$metadata#groups`;
  return ok({ "@odata.context": context, value: tenant.groups.all.map(groupRow) });
}

function getGroup(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const known = tenant.groups.find(id);
  if (known === undefined) return notFound(id);
  const context = `${request.origin}/${request.version}/$metadata#groups/$entity`;
  return ok({ "@odata.context": context, ...groupRow(known) });
}

function createGroup(tenant: Simulation, request: GraphRequest): Answer {
  const parsed = groupBody.safeParse(request.body);
  if (!parsed.success) return badRequest(firstFault(parsed.error));
  const id = deriveGuid(`${tenant.options.tenantId}/group/${tenant.groups.all.length}`);
  const group = { ...parsed.data, id };
  tenant.commit({ t: "group-created", at: request.now, by: request.caller.clientId, group });
  return created(groupRow({ group, createdAt: request.now }));
}

/** `transitiveMembers` are the members: no group here holds another. */
function listMembers(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const known = tenant.groups.find(id);
  if (known === undefined) return notFound(id);
  const select = readSelect(tenant, request);
  if ("status" in select) return select;
  const type = request.path.at(-1) === USER_CAST ? {} : { "@odata.type": "#microsoft.graph.user" };
  const asOf = request.now - tenant.knobs.memberLagMs;
  return answerPage(tenant, request, {
    context: request.path.at(-1) === USER_CAST ? "users" : "directoryObjects",
    defaultTop: DEFAULT_TOP,
    length: known.memberships.length,
    asOf,
    properties: PROPERTIES,
    ...(isCounted(request) ? { indexed: { count: membersAt(known, asOf).length } } : {}),
    row: (index, at) => {
      const membership = known.memberships[index];
      if (membership === undefined || !isMemberAt(membership, at)) return null;
      const person = tenant.directory.find(membership.user);
      return person === undefined ? null : userRow(tenant, person);
    },
    project: (row) => ({ ...type, ...project(row, select) }),
  });
}

function isCounted(request: GraphRequest): boolean {
  return request.eventual && request.query.get("$count") === "true";
}

function addMembers(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const parsed = patchBody.safeParse(request.body);
  if (!parsed.success) return badRequest(firstFault(parsed.error));
  const references = parsed.data["members@odata.bind"];
  if (references.length > MOST_MEMBERS) {
    return badRequest(`The number of references in 'members@odata.bind' exceeds the limit of ${MOST_MEMBERS}.`);
  }
  return add(tenant, request, id, references);
}

function addMember(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const parsed = referenceBody.safeParse(request.body);
  if (!parsed.success) return badRequest(firstFault(parsed.error));
  return add(tenant, request, id, [parsed.data["@odata.id"]]);
}

/** All or none. */
function add(tenant: Simulation, request: GraphRequest, id: string, references: readonly string[]): Answer {
  const known = tenant.groups.find(id);
  if (known === undefined) return notFound(id);
  const refusal = refuseChange(known);
  if (refusal !== null) return refusal;
  const added: string[] = [];
  for (const reference of references) {
    const wanted = REFERENCE.exec(reference)?.[1]?.toLowerCase();
    if (wanted === undefined) return badRequest(`Invalid object reference '${reference}' specified for 'members'.`);
    const person = tenant.directory.find(wanted);
    if (person === undefined) return badRequest(noSuchObject(wanted));
    if (known.current.has(person.user.id) || added.includes(person.user.id)) return badRequest(PRESENT);
    added.push(person.user.id);
  }
  const { clientId: by } = request.caller;
  tenant.commit({ t: "group-members", at: request.now, by, group: known.group.id, added, removed: [] });
  return empty(204);
}

function removeMember(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const known = tenant.groups.find(id);
  if (known === undefined) return notFound(id);
  const refusal = refuseChange(known);
  if (refusal !== null) return refusal;
  const user = (request.path[3] ?? "").toLowerCase();
  if (!known.current.has(user)) return badRequest(ABSENT);
  const { clientId: by } = request.caller;
  tenant.commit({ t: "group-members", at: request.now, by, group: known.group.id, added: [], removed: [user] });
  return empty(204);
}

/** Members of these are not for an app to set: a rule does, or another system, or a person with more rights. */
function refuseChange({ group }: KnownGroup): Answer | null {
  if (group.groupTypes.includes("DynamicMembership")) {
    return badRequest("Members of a group with dynamic membership cannot be changed.");
  }
  if (group.mailEnabled && !group.groupTypes.includes("Unified")) {
    return badRequest("Cannot Update a mail-enabled security groups and or distribution list.");
  }
  return null;
}

export function groupRow({
  group,
  createdAt,
}: Pick<KnownGroup, "group" | "createdAt">): Readonly<Record<string, unknown>> {
  return { ...group, createdDateTime: new Date(createdAt).toISOString(), mail: null, onPremisesSyncEnabled: null };
}
