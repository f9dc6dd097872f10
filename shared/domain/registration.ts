// Does the user have a usable MFA method? Methods are judged by type, and phone methods only while Microsoft still serves them.
import type { Instant } from "./instant.ts";
import { DAY_MS } from "./instant.ts";

export type RegistrationValue = "usable" | "none" | "unknown";

/** `at`: when the evidence was made, not when it was read. 0 with `unknown`: never looked. */
export interface Registration {
  readonly value: RegistrationValue;
  readonly at: Instant;
}

/** Evidence older than this proves nothing any more. */
const EVIDENCE_MAX_AGE_MS = DAY_MS;

/**
 * Microsoft-provided SMS and voice end for MFA in the public cloud: from then on a user with phone methods only cannot pass.
 * Source: Microsoft Learn, "SMS and voice call retirement" (June 2026).
 */
const PHONE_METHODS_END: Instant = Date.UTC(2027, 1, 1);

export const NEVER_LOOKED: Registration = { value: "unknown", at: 0 };

export function isFresh(registration: Registration, now: Instant): boolean {
  return registration.value !== "unknown" && now - registration.at <= EVIDENCE_MAX_AGE_MS;
}

const PHONES: ReadonlySet<string> = new Set(["mobilePhone", "alternateMobilePhone", "officePhone", "phone"]);

/** A row of the registration report. `capable` already knows the tenant's method policy. */
export function registrationFromReport(
  row: { readonly capable: boolean; readonly methods: readonly string[] },
  at: Instant,
): RegistrationValue {
  if (!row.capable) return "none";
  const onlyPhones = row.methods.length > 0 && row.methods.every((method) => PHONES.has(method));
  return onlyPhones && at >= PHONE_METHODS_END ? "none" : "usable";
}

/** Method types by their Graph name without namespace. A password, an e-mail or a temporary pass is no second factor. */
const USABLE: ReadonlySet<string> = new Set([
  "microsoftAuthenticatorAuthenticationMethod",
  "softwareOathAuthenticationMethod",
  "hardwareOathAuthenticationMethod",
  "fido2AuthenticationMethod",
  "windowsHelloForBusinessAuthenticationMethod",
  "platformCredentialAuthenticationMethod",
  "externalAuthenticationMethod",
]);

export function registrationFromMethods(methodTypes: readonly string[], at: Instant): RegistrationValue {
  if (methodTypes.some((type) => USABLE.has(type))) return "usable";
  const phone = methodTypes.includes("phoneAuthenticationMethod");
  return phone && at < PHONE_METHODS_END ? "usable" : "none";
}
