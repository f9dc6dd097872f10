// The registration report: computed every few virtual hours, so a row shows what was true when the report ran. Nothing is stored:
// a run is a function of its instant, and an old page token still reads its own run.
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { notFound, ok } from "./answer.ts";
import { chance } from "../chance.ts";
import type { Method } from "./event.ts";
import type { Drawn, ReportFault } from "./faults.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import { answerPage, selectedOf } from "./pages.ts";
import type { Person } from "./people.ts";
import { defaultOf } from "./method-rows.ts";
import { isCapable, methodsAt, registrationAt } from "./people.ts";
import type { Simulation } from "./simulation.ts";
import { notPremium } from "./user-rows.ts";

const METHOD_NAMES: Readonly<Record<Method, readonly string[]>> = {
  app: ["microsoftAuthenticatorPush", "softwareOneTimePasscode"],
  phone: ["mobilePhone"],
  passkey: ["fido2SecurityKey"],
  oath: ["softwareOneTimePasscode"],
  "alternate-phone": ["alternateMobilePhone"],
};
const PROPERTIES: ReadonlySet<string> = new Set([
  "id",
  "userPrincipalName",
  "userDisplayName",
  "userType",
  "isAdmin",
  "isSsprRegistered",
  "isSsprEnabled",
  "isSsprCapable",
  "isMfaRegistered",
  "isMfaCapable",
  "isPasswordlessCapable",
  "methodsRegistered",
  "isSystemPreferredAuthenticationMethodEnabled",
  "systemPreferredAuthenticationMethods",
  "userPreferredMethodForSecondaryAuthentication",
  "lastUpdatedDateTime",
]);

const STALE_MS = 3 * DAY_MS;
// What a fault made of one read of the report.
const ABSENT = "absent";
const HALF = "half of ";

const PATH = ["reports", "authenticationMethods", "userRegistrationDetails"];
const READ = { method: "GET", versions: BOTH, service: "reports", resourceUnits: 1, writes: 0 } as const;
const READERS = ["AuditLog.Read.All"];

export const reportOperations: readonly Operation[] = [
  { ...READ, path: PATH, roles: READERS, run: listRegistrations },
  { ...READ, path: [...PATH, ":id"], roles: READERS, run: getRegistration },
];

function listRegistrations(tenant: Simulation, request: GraphRequest): Answer {
  if (tenant.knobs.licence === "free") return notPremium();
  const select = selectedOf(request, { known: PROPERTIES, type: "userRegistrationDetails" });
  if ("status" in select) return select;
  tenant.counters.reportReads++;
  const { people } = tenant.directory;
  const fault = request.query.has("$skiptoken") ? null : tenant.faults.drawReport(String(lastRun(tenant, request.now)));
  const readAt = fault?.name === "report-stale" ? request.now - STALE_MS : request.now;
  return answerPage(tenant, request, {
    context: "reports/authenticationMethods/userRegistrationDetails",
    defaultTop: 999,
    length: people.length,
    asOf: lastRun(tenant, readAt),
    variant: variantOf(fault),
    properties: PROPERTIES,
    row: (index, runAt, variant) => {
      const person = people[index];
      if (person === undefined || lacks(tenant, person, variant)) return null;
      return isAbsent(tenant, person, runAt) ? null : reportRow(person, runAt);
    },
    project: (row) => Object.fromEntries(select.map((name) => [name, row[name]])),
  });
}

function getRegistration(tenant: Simulation, request: GraphRequest): Answer {
  if (tenant.knobs.licence === "free") return notPremium();
  const select = selectedOf(request, { known: PROPERTIES, type: "userRegistrationDetails" });
  if ("status" in select) return select;
  tenant.counters.reportReads++;
  const id = request.path.at(-1) ?? "";
  const person = tenant.directory.findEver(id);
  const runAt = lastRun(tenant, request.now);
  if (person === undefined || isAbsent(tenant, person, runAt)) return notFound(id);
  const context = `${request.origin}/${request.version}/$metadata#${PATH.join("/")}/$entity`;
  const row = reportRow(person, runAt);
  return ok({ "@odata.context": context, ...Object.fromEntries(select.map((name) => [name, row[name]])) });
}

/** All of a report's pages lack the same people: the variant travels in their links. */
function variantOf(fault: Drawn<ReportFault> | null): string {
  if (fault?.name === "report-half") return `${HALF}${fault.key}`;
  return fault?.name === "report-absent" ? ABSENT : "";
}

function lacks(tenant: Simulation, person: Person, variant: string): boolean {
  if (variant === "") return false;
  return variant === ABSENT || chance(tenant.options.seed, `${variant}/${person.user.id}`) < 0.5;
}

function lastRun(tenant: Simulation, now: Instant): Instant {
  const { reportEveryMs } = tenant.knobs;
  // Not on the hour: nobody may rely on the report's schedule.
  const offset = Math.floor(chance(tenant.options.seed, "report/offset") * reportEveryMs);
  return Math.floor((now - offset) / reportEveryMs) * reportEveryMs + offset;
}

function isAbsent(tenant: Simulation, person: Person, runAt: Instant): boolean {
  if (person.deletedAt !== null && person.deletedAt <= runAt) return true;
  if (person.visibleSince + tenant.knobs.reportNewUserLagMs > runAt) return true;
  if (person.accountEnabled) return false;
  return chance(tenant.options.seed, `report/omits/${person.user.id}`) < tenant.knobs.reportOmitsDisabledShare;
}

function reportRow(person: Person, runAt: Instant): Readonly<Record<string, unknown>> {
  const { user } = person;
  const held = methodsAt(person, runAt);
  const registration = registrationAt(person, runAt);
  const capable = isCapable(registration, runAt);
  return {
    id: user.id,
    userPrincipalName: user.userPrincipalName,
    userDisplayName: user.displayName,
    userType: user.userType === "Guest" ? "guest" : "member",
    isAdmin: person.isGlobalAdministrator,
    isSsprRegistered: registration !== null,
    isSsprEnabled: true,
    isSsprCapable: registration !== null,
    isMfaRegistered: registration !== null,
    isMfaCapable: capable,
    isPasswordlessCapable: registration?.method === "passkey",
    methodsRegistered: [...new Set(held.flatMap(({ method }) => METHOD_NAMES[method]))],
    isSystemPreferredAuthenticationMethodEnabled: true,
    systemPreferredAuthenticationMethods: registration?.method === "app" ? ["push"] : [],
    userPreferredMethodForSecondaryAuthentication: defaultOf(person, runAt)?.preference ?? "none",
    lastUpdatedDateTime: new Date(runAt).toISOString(),
  };
}
