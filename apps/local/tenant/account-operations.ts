// What surrounds a user: licences, groups, the mailbox; and how many users there are.
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { Answer } from "./answer.ts";
import { graphError, notFound, ok, unsupportedQuery } from "./answer.ts";
import { parseFilter } from "./filter.ts";
import { groupRow } from "./group-operations.ts";
import { isMemberAt } from "./groups.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import { selectedOf } from "./pages.ts";
import type { Person } from "./people.ts";
import type { Simulation } from "./simulation.ts";
import { SKU_E3, servicePlans } from "./tenant-operations.ts";
import { countFromIndex } from "./user-index.ts";
import { findVisible } from "./user-operations.ts";

type Row = Readonly<Record<string, unknown>>;

const DIRECTORY_READERS = ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All"];
const LICENCE = { known: new Set(["id", "skuId", "skuPartNumber", "servicePlans"]), type: "licenseDetails" };
const MAILBOX = {
  known: new Set(["timeZone", "language", "userPurpose", "dateFormat", "timeFormat"]),
  type: "mailboxSettings",
};
const GROUP = {
  known: new Set([
    "id",
    "displayName",
    "description",
    "mailNickname",
    "mailEnabled",
    "securityEnabled",
    "isAssignableToRole",
    "groupTypes",
    "membershipRule",
    "createdDateTime",
    "mail",
    "onPremisesSyncEnabled",
  ]),
  type: "group",
};
const read = { method: "GET", versions: BOTH, writes: 0 } as const;

export const accountOperations: readonly Operation[] = [
  {
    ...read,
    path: ["users", "$count"],
    service: "identity",
    resourceUnits: 1,
    roles: [...DIRECTORY_READERS, "User.ReadBasic.All"],
    run: countUsers,
  },
  {
    ...read,
    path: ["users", ":id", "licenseDetails"],
    service: "identity",
    resourceUnits: 2,
    roles: ["LicenseAssignment.Read.All", ...DIRECTORY_READERS],
    run: listLicences,
  },
  {
    ...read,
    path: ["users", ":id", "transitiveMemberOf"],
    service: "identity",
    resourceUnits: 5,
    roles: [...DIRECTORY_READERS, "GroupMember.Read.All", "GroupMember.ReadWrite.All"],
    run: listGroupsOf,
  },
  {
    ...read,
    path: ["users", ":id", "mailboxSettings"],
    service: "outlook",
    resourceUnits: 1,
    roles: ["MailboxSettings.Read", "MailboxSettings.ReadWrite"],
    run: readMailbox,
  },
];

/** A bare number, of the index that is behind. */
function countUsers(tenant: Simulation, request: GraphRequest): Answer {
  const count = countFromIndex(tenant, request);
  if (typeof count !== "number") return count;
  return { status: 200, headers: { "Content-Type": "text/plain" }, body: String(count) };
}

function listLicences(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  const select = selectedOf(request, LICENCE);
  if ("status" in select) return select;
  const licence: Row = {
    id: deriveGuid(`${person.user.id}/licence`),
    skuId: SKU_E3,
    skuPartNumber: "SPE_E3",
    servicePlans: servicePlans(tenant),
  };
  const value = person.user.userType === "Guest" ? [] : [pick(licence, select)];
  return ok({ "@odata.context": contextOf(request, person, "licenseDetails"), value });
}

/** No group here holds another: the transitive ones are those that the user is in. */
function listGroupsOf(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  const select = selectedOf(request, GROUP);
  if ("status" in select) return select;
  const filter = request.query.get("$filter");
  const matches = filter === null ? () => true : parseFilter(filter, GROUP.known);
  if (matches === null) return unsupportedQuery(`Unsupported or invalid query filter clause: ${filter ?? ""}`);
  const asOf = request.now - tenant.knobs.memberLagMs;
  const value = tenant.groups.all
    .filter(({ memberships }) => memberships.some((one) => one.user === person.user.id && isMemberAt(one, asOf)))
    .map(groupRow)
    .filter(matches)
    .map((row) => ({ "@odata.type": "#microsoft.graph.group", ...pick(row, select) }));
  const count = request.eventual && request.query.get("$count") === "true" ? { "@odata.count": value.length } : {};
  return ok({ "@odata.context": contextOf(request, person, "transitiveMemberOf"), ...count, value });
}

function readMailbox(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return graphError(404, "ErrorInvalidUser", `The requested user '${id}' is invalid.`);
  const { mail, preferredLanguage } = person.user;
  if (mail === null) {
    const text = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
    return graphError(404, "MailboxNotEnabledForRESTAPI", text);
  }
  const select = selectedOf(request, MAILBOX);
  if ("status" in select) return select;
  const settings: Row = {
    timeZone: "W. Europe Standard Time",
    language: { locale: preferredLanguage ?? "en-US", displayName: null },
    userPurpose: "user",
    dateFormat: "",
    timeFormat: "",
  };
  return ok({ "@odata.context": contextOf(request, person, "mailboxSettings"), ...pick(settings, select) });
}

function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}

function contextOf({ origin, version }: GraphRequest, { user }: Person, what: string): string {
  return `${origin}/${version}/$metadata#users('${user.id}')/${what}`;
}
