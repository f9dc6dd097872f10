// The default people: several departments, countries and languages; registered and not, guests, disabled accounts, phone-only.
// A function of seed and index alone, so that 200 people are the first 200 of 20,000.
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { RegistrationHabit, TenantUser } from "../../../shared/domain/tenant-user.ts";
import { chance, pick } from "../chance.ts";

interface GenerateOptions {
  readonly count: number;
  readonly seed: number;
  /** Mail domain; the default is reserved for examples (RFC 2606). */
  readonly domain?: string;
}

const GIVEN = [
  "Anna",
  "Ben",
  "Chloé",
  "David",
  "Elif",
  "Fatima",
  "Georg",
  "Hannah",
  "Ines",
  "Jonas",
  "Karim",
  "Léa",
] as const;
const MORE_GIVEN = [
  "Marta",
  "Noah",
  "Olga",
  "Paul",
  "Quentin",
  "Rosa",
  "Samir",
  "Tim",
  "Ute",
  "Vera",
  "Wei",
  "Zoë",
] as const;
const FAMILY = [
  "Müller",
  "Smith",
  "Dubois",
  "Rossi",
  "Novák",
  "Schäfer",
  "Brown",
  "Petit",
  "García",
  "Weiß",
  "Jones",
] as const;
const MORE_FAMILY = ["Moreau", "Silva", "Köhler", "Walker", "Lefèvre", "Jansen", "O'Neill", "Nguyen", "Kaya"] as const;
const DEPARTMENTS = [
  "Sales",
  "Engineering",
  "Finance",
  "Operations",
  "Human Resources",
  "IT",
  "Production",
  "Legal",
] as const;
const PLACES = [
  { country: "Germany", usageLocation: "DE", preferredLanguage: "de-DE" },
  { country: "Austria", usageLocation: "AT", preferredLanguage: "de-AT" },
  { country: "United States", usageLocation: "US", preferredLanguage: "en-US" },
  { country: "United Kingdom", usageLocation: "GB", preferredLanguage: "en-GB" },
  { country: "France", usageLocation: "FR", preferredLanguage: "fr-FR" },
] as const;
/** The account that the sample spec leaves out. */
const SERVICE_ACCOUNT_INDEX = 1;
const LAST_DAY = 12;
const FIRST_DAY = 0.5;

export function generateUsers({ count, seed, domain = "contoso.example" }: GenerateOptions): TenantUser[] {
  return Array.from({ length: count }, (_, index) => generateUser(index, seed, domain));
}

function generateUser(index: number, seed: number, domain: string): TenantUser {
  if (index === SERVICE_ACCOUNT_INDEX) return serviceAccount(seed, domain);
  const key = `person/${index}`;
  const given = pick(seed, `${key}/given`, [...GIVEN, ...MORE_GIVEN]);
  const family = pick(seed, `${key}/family`, [...FAMILY, ...MORE_FAMILY]);
  const local = `${ascii(given)}.${ascii(family)}${index + 1}`;
  const place = pick(seed, `${key}/place`, PLACES);
  const isGuest = chance(seed, `${key}/guest`) < 0.03;
  const userPrincipalName = isGuest ? `${local}_partner.example#EXT#@${domain}` : `${local}@${domain}`;
  const mail = isGuest ? `${local}@partner.example` : `${local}@${domain}`;
  const registration = habit(seed, key);
  return {
    id: deriveGuid(`${seed}/${userPrincipalName}`),
    userPrincipalName,
    displayName: `${given} ${family}`,
    mail: !isGuest && chance(seed, `${key}/no-mail`) < 0.01 ? null : mail,
    department: isGuest ? null : pick(seed, `${key}/department`, DEPARTMENTS),
    ...place,
    preferredLanguage: chance(seed, `${key}/no-language`) < 0.1 ? null : place.preferredLanguage,
    userType: isGuest ? "Guest" : "Member",
    accountEnabled: chance(seed, `${key}/disabled`) >= 0.04,
    registration,
    mfaState: state(seed, key, registration),
  };
}

function serviceAccount(seed: number, domain: string): TenantUser {
  const userPrincipalName = `payroll.service@${domain}`;
  return {
    id: deriveGuid(`${seed}/${userPrincipalName}`),
    userPrincipalName,
    displayName: "Payroll Service",
    mail: userPrincipalName,
    department: "Finance",
    ...PLACES[0],
    userType: "Member",
    accountEnabled: true,
    registration: { kind: "never" },
    mfaState: "disabled",
  };
}

function habit(seed: number, key: string): RegistrationHabit {
  const draw = chance(seed, `${key}/habit`);
  if (draw < 0.04) return { kind: "never" };
  if (draw < 0.1) return { kind: "phone-only" };
  if (draw < 0.4) return { kind: "usable" };
  // Most register soon, some at the last moment.
  const days = FIRST_DAY + (LAST_DAY - FIRST_DAY) * chance(seed, `${key}/days`) ** 1.6;
  return { kind: "after-notice", days: Math.round(days * 100) / 100 };
}

function state(seed: number, key: string, registration: RegistrationHabit): TenantUser["mfaState"] {
  const draw = chance(seed, `${key}/state`);
  // Enforced before the rollout: only who is registered, the others would have called the helpdesk.
  if (registration.kind === "usable" && draw < 0.08) return "enforced";
  return draw >= 0.97 ? "enabled" : "disabled";
}

/** Local part of an address: letters without marks, nothing else. */
function ascii(name: string): string {
  return name
    .replaceAll("ß", "ss")
    .normalize("NFD")
    .replace(/[^a-z]/giu, "")
    .toLowerCase();
}
