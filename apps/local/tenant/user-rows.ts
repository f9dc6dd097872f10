// A user as Graph shows one: which properties there are, which come unasked, and where their values are from.
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { graphError, noSuchProperty } from "./answer.ts";
import { chance } from "../chance.ts";
import type { GraphRequest } from "./operation.ts";
import type { Person } from "./people.ts";
import type { Simulation } from "./simulation.ts";

type Row = Readonly<Record<string, unknown>>;

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

export function readSelect(tenant: Simulation, request: GraphRequest): readonly string[] | Answer {
  const text = request.query.get("$select");
  if (text === null) return DEFAULT_SELECT;
  const select = text.split(",").map((name) => name.trim());
  const unknown = select.find((name) => !PROPERTIES.has(name));
  if (unknown !== undefined) return noSuchProperty(unknown, "user");
  if (select.includes("signInActivity") && tenant.knobs.licence === "free") return notPremium();
  return select;
}

export function notPremium(): Answer {
  const text = "Neither tenant is B2C or tenant doesn't have premium license.";
  return graphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", text);
}

export function project(row: Row, select: readonly string[]): Row {
  return Object.fromEntries(select.map((name) => [name, row[name] ?? null]));
}

/** @param person as today, or as an index shows it that is behind */
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
    signInSessionsValidFromDateTime: new Date(person.sessionsRevokedAt ?? person.createdAt).toISOString(),
    companyName: null,
    employeeType: null,
    isResourceAccount: null,
  };
}

export const PROPERTIES: ReadonlySet<string> = new Set([
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
  "signInSessionsValidFromDateTime",
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
  return tenant.knobs.licence === "premium" ? [...exchange, plan("AADPremiumService", PLAN_P1)] : exchange;
}
