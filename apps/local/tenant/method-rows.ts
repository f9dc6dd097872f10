// Authentication methods as Graph shows them: a type, a segment and an id each, and which one is the default.
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { unreachable } from "../../../shared/domain/unreachable.ts";
import type { Method } from "./event.ts";
import type { Person, Registration } from "./people.ts";
import { methodsAt } from "./people.ts";

type Row = Readonly<Record<string, unknown>>;

// The same for every user (Microsoft Learn: phoneAuthenticationMethod).
const MOBILE_ID = "3179e48a-750b-4051-897c-87b9720928f7";
const ALTERNATE_MOBILE_ID = "b6332ec1-7057-4abe-9331-3d72feddfe41";

export const SEGMENT: Readonly<Record<Method, string>> = {
  app: "microsoftAuthenticatorMethods",
  passkey: "fido2Methods",
  oath: "softwareOathMethods",
  phone: "phoneMethods",
  "alternate-phone": "phoneMethods",
};
const TYPE: Readonly<Record<Method, string>> = {
  app: "microsoftAuthenticatorAuthenticationMethod",
  passkey: "fido2AuthenticationMethod",
  oath: "softwareOathAuthenticationMethod",
  phone: "phoneAuthenticationMethod",
  "alternate-phone": "phoneAuthenticationMethod",
};
/** A passkey is a first factor and a second one at once, and so never the second one's default. */
const PREFERENCE: Readonly<Record<Method, string | null>> = {
  app: "push",
  passkey: null,
  oath: "oath",
  phone: "sms",
  "alternate-phone": "voiceAlternateMobile",
};
/** Preferences for one and the same method. */
const SAME: Readonly<Record<string, string>> = { voiceMobile: "sms" };

export interface DefaultMethod {
  readonly method: Method;
  readonly preference: string;
}

/** What the user chose, else the first one that was registered. */
export function defaultOf(person: Person, at: Instant): DefaultMethod | null {
  const held = methodsAt(person, at).flatMap(({ method }) => {
    const preference = PREFERENCE[method];
    return preference === null ? [] : [{ method, preference }];
  });
  const { secondary } = person.signInPreferences;
  const chosen = held.find(({ preference }) => preference === (SAME[secondary ?? ""] ?? secondary));
  return chosen === undefined ? (held[0] ?? null) : { ...chosen, preference: secondary ?? chosen.preference };
}

export function methodId({ user }: Person, method: Method): string {
  if (method === "phone") return MOBILE_ID;
  return method === "alternate-phone" ? ALTERNATE_MOBILE_ID : deriveGuid(`${user.id}/${method}`);
}

export function typeOf(method: Method): string {
  return `#microsoft.graph.${TYPE[method]}`;
}

/** Without its type, as in the list of its own segment. */
export function methodRow(person: Person, { method, since }: Registration): Row {
  const head = { id: methodId(person, method), createdDateTime: new Date(since).toISOString() };
  switch (method) {
    case "app":
      return { ...head, displayName: "Phone", deviceTag: "SoftwareTokenActivated", phoneAppVersion: "6.2608.1" };
    case "passkey":
      return { ...head, displayName: "Security key", model: "FIDO2 key" };
    case "oath":
      return { ...head, secretKey: null };
    case "phone":
      return { ...head, phoneNumber: "+1 5555550100", phoneType: "mobile", smsSignInState: "notEnabled" };
    case "alternate-phone":
      return { ...head, phoneNumber: "+1 5555550101", phoneType: "alternateMobile", smsSignInState: "notSupported" };
    default:
      return unreachable(method);
  }
}
