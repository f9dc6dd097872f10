// Sign-ins of the last 30 days, a function of person and day: nothing is stored. Old mail programs and service accounts know no
// second factor, so theirs fail from the moment on that MFA is enforced.
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS, HOUR_MS } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { chance, pick } from "../chance.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import { answerPage, selectedOf } from "./pages.ts";
import type { Person } from "./people.ts";
import type { Simulation } from "./simulation.ts";
import { notPremium } from "./user-rows.ts";

const KEPT_DAYS = 30;
const DEFAULT_TOP = 100;
const DAILY_SHARE = 0.7;
const LEGACY_SHARE = 0.02;
const MFA_REQUIRED = 50_076;
const PROPERTIES: ReadonlySet<string> = new Set([
  "id",
  "createdDateTime",
  "userId",
  "userDisplayName",
  "userPrincipalName",
  "appDisplayName",
  "clientAppUsed",
  "isInteractive",
  "conditionalAccessStatus",
  "status",
]);

export const signInOperations: readonly Operation[] = [
  {
    method: "GET",
    versions: BOTH,
    path: ["auditLogs", "signIns"],
    service: "reports",
    resourceUnits: 1,
    writes: 0,
    roles: ["AuditLog.Read.All"],
    run: listSignIns,
  },
];

function listSignIns(tenant: Simulation, request: GraphRequest): Answer {
  if (tenant.knobs.licence === "free") return notPremium();
  const select = selectedOf(request, { known: PROPERTIES, type: "signIn" });
  if ("status" in select) return select;
  const { people } = tenant.directory;
  return answerPage(tenant, request, {
    context: "auditLogs/signIns",
    defaultTop: DEFAULT_TOP,
    length: people.length * KEPT_DAYS,
    asOf: request.now,
    properties: PROPERTIES,
    // Day by day, the newest first; within a day in the order of the directory.
    row: (index, asOf) => {
      const person = people[index % people.length];
      const day = Math.floor(asOf / DAY_MS) - Math.floor(index / people.length);
      return person === undefined ? null : signIn(tenant, person, day, asOf);
    },
    project: (row) => Object.fromEntries(select.map((name) => [name, row[name]])),
  });
}

function signIn(
  tenant: Simulation,
  person: Person,
  day: number,
  asOf: Instant,
): Readonly<Record<string, unknown>> | null {
  const { seed } = tenant.options;
  const key = `sign-in/${person.user.id}/${day}`;
  const at = day * DAY_MS + 6 * HOUR_MS + Math.floor(chance(seed, `${key}/time`) * 10 * HOUR_MS);
  const isThere = person.accountEnabled && (person.deletedAt === null || at < person.deletedAt);
  if (!isThere || at > asOf || at < person.createdAt || chance(seed, key) >= DAILY_SHARE) return null;
  const isLegacy = usesLegacyAuth(tenant, person);
  const fails = isLegacy && stateAt(person, at) === "enforced";
  const clients = ["Authenticated SMTP", "IMAP4", "Exchange ActiveSync"] as const;
  return {
    id: deriveGuid(key),
    createdDateTime: new Date(at).toISOString(),
    userId: person.user.id,
    userDisplayName: person.user.displayName,
    userPrincipalName: person.user.userPrincipalName,
    appDisplayName: isLegacy ? "Office 365 Exchange Online" : "Office 365",
    clientAppUsed: isLegacy ? pick(seed, `${person.user.id}/client`, clients) : "Browser",
    isInteractive: true,
    conditionalAccessStatus: "notApplied",
    status: {
      errorCode: fails ? MFA_REQUIRED : 0,
      failureReason: fails ? "Strong authentication is required." : "Other.",
      additionalDetails: null,
    },
  };
}

function usesLegacyAuth(tenant: Simulation, { user, isGlobalAdministrator }: Person): boolean {
  if (isGlobalAdministrator || user.userType === "Guest") return false;
  if (/^(svc|scan|noreply)|\.service@/iu.test(user.userPrincipalName)) return true;
  return chance(tenant.options.seed, `legacy/${user.id}`) < LEGACY_SHARE;
}

function stateAt({ writes, user }: Person, at: Instant): string {
  return writes.findLast((one) => one.at <= at && one.requested !== null)?.stored ?? user.mfaState;
}
