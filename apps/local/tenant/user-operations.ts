// Users as Graph shows them: list, one user, and PATCH of the user resource (which a path cut at `#` hits by mistake).
import { DAY_MS, HOUR_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { badRequest, empty, graphError, notFound, ok } from "./answer.ts";
import { chance } from "./chance.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import { answerPage } from "./pages.ts";
import type { Person } from "./people.ts";
import { restoreSome } from "./people-faults.ts";
import type { Simulation } from "./simulation.ts";

type Row = Readonly<Record<string, unknown>>;

const READ_ROLES = ["User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All"];
const DEFAULT_TOP = 100;
// Without $select Graph answers just these; the others are absent, not null (Microsoft Learn: list users).
const DEFAULT_SELECT = [
  "businessPhones",
  "displayName",
  "givenName",
  "jobTitle",
  "mail",
  "mobilePhone",
  "officeLocation",
  "preferredLanguage",
  "surname",
  "userPrincipalName",
  "id",
];
// Service plans of Microsoft 365 E3 that the product looks for (Microsoft Learn: licensing service plan reference).
export const PLAN_P1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d";
export const PLAN_EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0";
const SYNCED_SHARE = 0.3;
const NEW_ACCOUNT_MS = HOUR_MS;
const NOT_REPLICATED_SHARE = 0.3;

export const userOperations: readonly Operation[] = [
  {
    method: "GET",
    versions: BOTH,
    path: ["users"],
    service: "identity",
    resourceUnits: 2,
    writes: 0,
    roles: READ_ROLES,
    run: listUsers,
  },
  {
    method: "GET",
    versions: BOTH,
    path: ["users", ":id"],
    service: "identity",
    resourceUnits: 1,
    writes: 0,
    roles: READ_ROLES,
    run: getUser,
  },
  {
    method: "PATCH",
    versions: BOTH,
    path: ["users", ":id"],
    service: "identity",
    resourceUnits: 1,
    writes: 1,
    roles: ["User.ReadWrite.All", "Directory.ReadWrite.All"],
    // Unknown properties are swallowed: that is how a write to a path cut at `#` looks like a success.
    run: (tenant, request, id) => (findVisible(tenant, request, id) === undefined ? notFound(id) : empty(204)),
  },
];

/** A user whom every replica knows; one younger than an hour is missing here and there. */
export function findVisible(tenant: Simulation, request: GraphRequest, id: string): Person | undefined {
  const person = tenant.directory.find(id);
  if (person === undefined || person.visibleSince + NEW_ACCOUNT_MS <= request.now) return person;
  const draw = chance(tenant.options.seed, `replica/${id}/${Math.floor(request.now / (10 * SECOND_MS))}`);
  return draw < NOT_REPLICATED_SHARE ? undefined : person;
}

function listUsers(tenant: Simulation, request: GraphRequest): Answer {
  const select = readSelect(tenant, request);
  if ("status" in select) return select;
  if (!request.query.has("$skiptoken")) restoreSome(tenant, request.now);
  const { people } = tenant.directory;
  return answerPage(tenant, request, {
    context: "users",
    defaultTop: DEFAULT_TOP,
    length: people.length,
    asOf: request.now,
    properties: PROPERTIES,
    row: (index) => {
      const person = people[index];
      return person?.deletedAt === null ? userRow(tenant, person) : null;
    },
    project: (row) => project(row, select),
  });
}

function getUser(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const select = readSelect(tenant, request);
  if ("status" in select) return select;
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  const context = `${request.origin}/${request.version}/$metadata#users/$entity`;
  return ok({ "@odata.context": context, ...project(userRow(tenant, person), select) });
}

function readSelect(tenant: Simulation, request: GraphRequest): readonly string[] | Answer {
  const text = request.query.get("$select");
  if (text === null) return DEFAULT_SELECT;
  const select = text.split(",").map((name) => name.trim());
  const unknown = select.find((name) => !PROPERTIES.has(name));
  if (unknown !== undefined) {
    return badRequest(`Could not find a property named '${unknown}' on type 'microsoft.graph.user'.`);
  }
  if (select.includes("signInActivity") && !tenant.knobs.premium) return notPremium();
  return select;
}

export function notPremium(): Answer {
  const text = "Neither tenant is B2C or tenant doesn't have premium license.";
  return graphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", text);
}

function project(row: Row, select: readonly string[]): Row {
  return Object.fromEntries(select.map((name) => [name, row[name] ?? null]));
}

export function userRow(tenant: Simulation, person: Person): Row {
  const { user } = person;
  const [givenName = null, ...surname] = user.displayName.split(" ");
  return {
    id: user.id,
    userPrincipalName: user.userPrincipalName,
    displayName: user.displayName,
    givenName,
    surname: surname.length === 0 ? null : surname.join(" "),
    mail: user.mail,
    accountEnabled: person.accountEnabled,
    userType: user.userType,
    department: user.department,
    country: user.country,
    usageLocation: user.usageLocation,
    preferredLanguage: user.preferredLanguage,
    createdDateTime: new Date(person.createdAt).toISOString(),
    onPremisesSyncEnabled: isSynced(tenant, person) ? true : null,
    assignedPlans: assignedPlans(tenant, person),
    businessPhones: [],
    jobTitle: null,
    mobilePhone: null,
    officeLocation: null,
    signInActivity: null,
    companyName: null,
    employeeType: null,
    isResourceAccount: null,
  };
}

const PROPERTIES: ReadonlySet<string> = new Set([
  ...DEFAULT_SELECT,
  "accountEnabled",
  "userType",
  "department",
  "country",
  "usageLocation",
  "createdDateTime",
  "onPremisesSyncEnabled",
  "assignedPlans",
  "signInActivity",
  "companyName",
  "employeeType",
  "isResourceAccount",
]);

function isSynced(tenant: Simulation, { user, isGlobalAdministrator }: Person): boolean {
  if (isGlobalAdministrator || user.userType === "Guest") return false;
  return chance(tenant.options.seed, `synced/${user.id}`) < SYNCED_SHARE;
}

function assignedPlans(tenant: Simulation, { user, createdAt }: Person): readonly Row[] {
  if (user.userType === "Guest") return [];
  const assignedDateTime = new Date(createdAt + DAY_MS).toISOString();
  const plan = (service: string, servicePlanId: string): Row => {
    return { assignedDateTime, capabilityStatus: "Enabled", service, servicePlanId };
  };
  const exchange = user.mail === null ? [] : [plan("exchange", PLAN_EXCHANGE)];
  return tenant.knobs.premium ? [...exchange, plan("AADPremiumService", PLAN_P1)] : exchange;
}
