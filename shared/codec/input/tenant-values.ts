// One cell of a tenant file → its value, or a fault at the cell's place. Cells of a CSV are always text; those of a JSON
// file may be numbers and booleans.
import { didYouMean } from "../../domain/did-you-mean.ts";
import type { RegistrationHabit, TenantUser } from "../../domain/tenant-user.ts";
import { alternatives, shown, suggestion } from "./fault-list.ts";
import type { FaultList, Place } from "./fault-list.ts";

export interface TenantCell {
  readonly value: string | number | boolean;
  readonly place: Place;
}

/** `undefined` after a fault. */
type Read<Value> = (cell: TenantCell, column: string, faults: FaultList) => Value | undefined;

// What Excel writes into a cell whose formula failed.
const EXCEL_ERROR = /^#(?:N\/A|NV|REF!|BEZUG!|NAME\?|VALUE!|WERT!|DIV\/0!|NULL!|NUM!)$/u;

export const readText: Read<string> = (cell, column, faults) => {
  if (typeof cell.value !== "string") {
    const what = `${column} is ${shown(cell.value)}, a ${typeof cell.value}.`;
    faults.add(cell.place, what, `Expected text in quotes, e.g. "${column}": ${shown(String(cell.value))}.`);
    return undefined;
  }
  const text = cell.value.trim();
  if (EXCEL_ERROR.test(text)) {
    faults.add(cell.place, `${column} is ${text}, an error of a formula.`, "Correct the formula, or type the value.");
    return undefined;
  }
  if (text.includes("\ufffd")) {
    const what = `${column} holds U+FFFD (${shown(text)}): an earlier conversion lost a letter there.`;
    faults.add(cell.place, what, "Export the file again as UTF-8, or type the letter.");
    return undefined;
  }
  // Bidi overrides reorder what a person reads in a mail; line breaks would begin a new header.
  if (/[\r\n\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text)) {
    const what = `${column} holds a line break or a mark that turns the writing direction: ${shown(text)}.`;
    faults.add(cell.place, what, "Expected text on one line. Delete the break or mark.");
    return undefined;
  }
  return text;
};

// Microsoft Learn, "Prepare directory attributes for synchronization": letters, digits and ' . - _ ! # ^ ~ before the @, 64
// and 48 long. "+" is let pass because addresses are used as names; #EXT# is a guest's.
const UPN_LOCAL = /^[A-Za-z0-9'._!#^~+&-]{1,64}$/u;
const DOMAIN =
  /^(?=.{3,255}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/u;

/** A user principal name as the spec and the tenant file know it. */
export function isUserPrincipalName(text: string): boolean {
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0));
  return at > 0 && UPN_LOCAL.test(local) && !/^\.|\.$|\.\./u.test(local) && DOMAIN.test(text.slice(at + 1));
}

export const readUserPrincipalName: Read<string> = (cell, column, faults) => {
  const text = readText(cell, column, faults);
  if (text === undefined || isUserPrincipalName(text)) return text;
  const what = text === "" ? `${column} is empty.` : `${column} is ${shown(text)}, which no account can have.`;
  const hint = /[^\u0020-\u007e]/u.test(text) ? " It cannot hold accents or umlauts." : "";
  faults.add(cell.place, what, `Expected the sign-in name, e.g. anna.berg@contoso.example.${hint}`);
  return undefined;
};

export function isAddress(text: string): boolean {
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0));
  return at > 0 && local.length <= 64 && /^[^\s"(),:;<>@[\]\\]+$/u.test(local) && DOMAIN.test(text.slice(at + 1));
}

export const readAddress: Read<string> = (cell, column, faults) => {
  const text = readText(cell, column, faults);
  if (text === undefined || isAddress(text)) return text;
  const only = /<([^<>]+)>/u.exec(text)?.[1];
  const hint = only === undefined ? "" : ` Write only the address: ${only}.`;
  faults.add(
    cell.place,
    `${column} is ${shown(text)}, which is no e-mail address.`,
    `Expected one address, e.g. anna.berg@contoso.example, or nothing for an account without a mailbox.${hint}`,
  );
  return undefined;
};

/** `SMTP:` in capitals marks the primary one of `SMTP:anna@contoso.example+smtp:a.berg@contoso.example`. */
export const readPrimaryAddress: Read<string | null> = (cell, column, faults) => {
  const text = readText(cell, column, faults);
  if (text === undefined) return undefined;
  const primary = text.split(/[+,;|]\s*(?=[A-Za-z0-9]+:)/u).find((entry) => entry.startsWith("SMTP:"));
  if (primary === undefined) return null;
  return readAddress({ value: primary.slice("SMTP:".length), place: cell.place }, column, faults);
};

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u;

export function isGuid(text: string): boolean {
  return GUID.test(text.toLowerCase());
}

export const readGuid: Read<string> = (cell, column, faults) => {
  const text = readText(cell, column, faults);
  if (text === undefined) return undefined;
  const guid = text.replace(/^\{(.*)\}$/u, "$1").toLowerCase();
  if (isGuid(guid)) return guid;
  const example = "3f2b8c1e-5d47-4a90-b6e1-0c9d7a54e821";
  const fix = `Expected the object id, e.g. ${example}; leave it empty to have one derived from the name.`;
  faults.add(cell.place, `${column} is ${shown(text)}, which is no object id.`, fix);
  return undefined;
};

// Excel writes booleans in its own language.
const TRUE = new Set([
  "true",
  "1",
  "yes",
  "ja",
  "wahr",
  "vrai",
  "oui",
  "verdadero",
  "sí",
  "si",
  "vero",
  "waar",
  "prawda",
]);
const FALSE = new Set(["false", "0", "no", "nein", "falsch", "faux", "non", "falso", "onwaar", "nee", "fałsz"]);

export const readBoolean: Read<boolean> = (cell, column, faults) => {
  if (typeof cell.value === "boolean") return cell.value;
  const word = String(cell.value).trim().toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  const meant = suggestion(didYouMean(word, ["true", "false"]));
  faults.add(cell.place, `${column} is ${shown(cell.value)}.`, `Expected true or false.${meant}`);
  return undefined;
};

export const readLanguage: Read<string> = (cell, column, faults) => {
  const text = readText(cell, column, faults);
  if (text === undefined || /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/u.test(text)) return text;
  const fix = 'Expected a language tag, e.g. "de" or "en-GB"; leave it empty for the default.';
  faults.add(cell.place, `${column} is ${shown(text)}, which is no language.`, fix);
  return undefined;
};

function readWord<Word extends string>(words: readonly [Word, ...Word[]]): Read<Word> {
  return (cell, column, faults) => {
    const text = String(cell.value).trim().toLowerCase();
    const found = words.find((word) => word.toLowerCase() === text);
    if (found === undefined) {
      const fix = `Expected ${alternatives(words)}.${suggestion(didYouMean(text, words))}`;
      faults.add(cell.place, `${column} is ${shown(cell.value)}.`, fix);
    }
    return found;
  };
}

export const readUserType: Read<TenantUser["userType"]> = readWord(["Member", "Guest"]);
export const readMfaState: Read<TenantUser["mfaState"]> = readWord(["disabled", "enabled", "enforced"]);

const HABITS = ["usable", "phone-only", "never"] as const;
const DAYS_MAX = 365;

export const readRegistration: Read<RegistrationHabit> = (cell, column, faults) => {
  const text = String(cell.value).trim().toLowerCase();
  const habit = HABITS.find((word) => word === text);
  if (habit !== undefined) return { kind: habit };
  const days = /^\d{1,4}$/u.test(text) ? Number(text) : Infinity;
  if (days <= DAYS_MAX) return { kind: "after-notice", days };
  const expected = `${alternatives(HABITS)}, or whole days after the first notice from 0 to ${DAYS_MAX}`;
  const meant = suggestion(didYouMean(text, HABITS));
  faults.add(cell.place, `${column} is ${shown(cell.value)}.`, `Expected ${expected}.${meant}`);
  return undefined;
};
