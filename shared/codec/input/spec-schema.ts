// The shape of rollout.yaml, key by key, and how each key is explained to the person who got it wrong. Strict: an unknown key
// is a misspelt one. What holds between keys stands in spec-rules.ts.
import * as z from "zod";
import type { UserRef } from "../../domain/spec.ts";
import { readLocalDateTime } from "./local-date-time.ts";
import { isAddress, isGuid, isUserPrincipalName } from "./tenant-values.ts";
import { readTimeZone } from "./time-zone.ts";

/** What an own refinement says; other issues are worded from `FIELDS`. */
export interface Explanation {
  readonly what: string;
  readonly fix: string;
}

const id = z.string().regex(/^[a-z0-9-]{1,40}$/u);
const reason = z.string().trim().min(3).max(500);
const days = (least: number): z.ZodInt => z.int().min(least).max(365);

const timeZone = z.string().transform((text, context) => {
  const zone = readTimeZone(text);
  if (zone.kind === "valid") return zone.timeZone;
  context.addIssue({ code: "custom", params: { what: zone.what, fix: zone.fix } });
  return z.NEVER;
});

const start = z.string().transform((text, context) => {
  const local = readLocalDateTime(text, "start");
  if (local.kind === "valid") return local.text;
  context.addIssue({ code: "custom", params: { what: local.what, fix: local.fix } });
  return z.NEVER;
});

/** Lower case, so that equal people are equal texts. */
const userName = z
  .string()
  .trim()
  .toLowerCase()
  .refine((text) => isGuid(text) || isUserPrincipalName(text));

const userRef = userName.transform((text): UserRef =>
  isGuid(text) ? { kind: "id", id: text } : { kind: "upn", userPrincipalName: text },
);

const sender = z
  .string()
  .trim()
  .toLowerCase()
  .refine((text) => isGuid(text) || isAddress(text));

const wave = z.strictObject({
  id,
  share: z.number().gt(0).max(100).optional(),
  departments: z.array(z.string().trim().min(1).max(256)).min(1).optional(),
  users: z.array(userName).min(1).optional(),
  start,
});

const unregistered = z.strictObject({
  waitDays: days(0).default(14),
  then: z.enum(["fail", "exclude", "hold", "enforce"]).default("fail"),
  reason: reason.optional(),
});

export const specSchema = z.strictObject({
  apiVersion: z.literal("mfa-rollout/v1"),
  rollout: id,
  timeZone,
  // Stored as wave_<nn>: two digits.
  waves: z.array(wave).min(1).max(99),
  graceDays: days(1),
  soakDays: days(0).default(3),
  leastNoticeDays: days(1).optional(),
  registered: z.enum(["deferred", "at-once"]).default("deferred"),
  registeredReason: reason.optional(),
  unregistered: unregistered.prefault({}),
  breakGlass: z.array(userRef).min(2),
  exclusions: z.array(z.strictObject({ user: userRef, reason })).default([]),
  senders: z.array(sender).min(1),
});

export type SpecInput = z.output<typeof specSchema>;
export const waveSchema = wave;

export interface Field {
  readonly expected: string;
  readonly example: string;
  /** For misspelt words. */
  readonly words?: readonly string[];
}

const ID: Field = { expected: "1 to 40 of a-z, 0-9 and -", example: "pilot-it" };
const DAYS: Field = { expected: "a whole number of days from 1 to 365", example: "14" };
const DAYS_FROM_0: Field = { ...DAYS, expected: "a whole number of days from 0 to 365" };
const REASON: Field = {
  expected: "a reason in words, 3 to 500 characters",
  example: "Approved by the CISO in CHG-1042",
};
const USER: Field = { expected: "an object id or a sign-in name", example: "anna.berg@contoso.example" };
const LIST_OF = (what: string, example: string): Field => ({ expected: `a list of ${what}`, example: `[${example}]` });

/** By path, with `[]` for each position in a list. In the order in which a spec is best written. */
export const FIELDS: Readonly<Record<string, Field>> = {
  "": { expected: "the keys of a rollout", example: "apiVersion: mfa-rollout/v1" },
  apiVersion: { expected: '"mfa-rollout/v1"', example: "mfa-rollout/v1" },
  rollout: { ...ID, example: "contoso-2026" },
  timeZone: { expected: "an IANA time zone", example: "Europe/Berlin" },
  waves: LIST_OF("1 to 99 waves", "{ id: pilot, share: 100, start: 2026-03-02T08:00 }"),
  "waves[]": { expected: "a wave", example: "{ id: pilot, share: 100, start: 2026-03-02T08:00 }" },
  "waves[].id": ID,
  "waves[].share": { expected: "a percentage above 0 and up to 100", example: "30" },
  "waves[].departments": LIST_OF("departments, at least one", "IT"),
  "waves[].departments[]": { expected: "a department, as the directory spells it", example: "IT" },
  "waves[].users": LIST_OF("object ids or sign-in names, at least one", "anna.berg@contoso.example"),
  "waves[].users[]": USER,
  "waves[].start": { expected: "a local date and time", example: "2026-03-02T08:00" },
  graceDays: DAYS,
  soakDays: { ...DAYS_FROM_0, example: "3" },
  leastNoticeDays: { ...DAYS, example: "7" },
  registered: { expected: '"deferred" or "at-once"', example: "deferred", words: ["deferred", "at-once"] },
  registeredReason: REASON,
  unregistered: { expected: "waitDays, then and reason", example: "{ waitDays: 14, then: fail }" },
  "unregistered.waitDays": DAYS_FROM_0,
  "unregistered.then": {
    expected: '"fail", "exclude", "hold" or "enforce"',
    example: "fail",
    words: ["fail", "exclude", "hold", "enforce"],
  },
  "unregistered.reason": REASON,
  breakGlass: LIST_OF("at least two accounts", "break-glass-1@contoso.example, break-glass-2@contoso.example"),
  "breakGlass[]": USER,
  exclusions: LIST_OF("users with reasons", "{ user: scanner@contoso.example, reason: Signs in unattended }"),
  "exclusions[]": { expected: "a user and a reason", example: "{ user: scanner@contoso.example, reason: A device }" },
  "exclusions[].user": { ...USER, example: "scanner@contoso.example" },
  "exclusions[].reason": REASON,
  senders: LIST_OF("mailboxes, at least one", "mfa-notice-1@contoso.example"),
  "senders[]": { expected: "an object id or an address of a mailbox", example: "mfa-notice-1@contoso.example" },
};

/** The keys that may stand in the mapping at `pattern`. */
export function keysIn(pattern: string): readonly string[] {
  const prefix = pattern === "" ? "" : `${pattern}.`;
  return Object.keys(FIELDS)
    .filter((path) => path !== "" && path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .filter((rest) => !/[.[]/u.test(rest));
}
