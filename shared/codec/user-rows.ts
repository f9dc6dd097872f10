// Rows of tables `users`, `people`, `snapshots` and `deadletters`, version 1.
import * as z from "zod";
import { hash32 } from "../domain/hash.ts";
import type { Columns } from "../domain/journal.ts";
import type { RegistrationValue } from "../domain/registration.ts";
import type { LetterDeed } from "../domain/letter.ts";
import { count, formatLongText, formatTime, onceEach, parseJsonRow, parseLongText, parseRow, time } from "./columns.ts";

/** `<tenant>_<hh>`: 256 partitions, so that a look-up is a point read and a big tenant no hot spot. */
export function userPartition(tenant: string, userId: string): string {
  return `${tenant}_${(hash32(userId, 0) % 256).toString(16).padStart(2, "0")}`;
}

const place = z.object({ v: z.literal(1), rollout: z.string(), wave: z.string(), batch: count, slot: count });
export type PlaceRow = Omit<z.output<typeof place>, "v">;
export const formatPlace = ({ rollout, wave, batch, slot }: PlaceRow): Columns => ({
  v: 1,
  rollout,
  wave,
  batch,
  slot,
});
export function parsePlace(columns: Columns): PlaceRow {
  const { rollout, wave, batch, slot } = parseRow(place, columns, "a user's place");
  return { rollout, wave, batch, slot };
}

const person = z.object({
  v: z.literal(1),
  displayName: z.string(),
  userPrincipalName: z.string(),
  mail: z.string(),
  language: z.string(),
});
export type PersonRow = Omit<z.output<typeof person>, "v">;
export function formatPerson({ displayName, userPrincipalName, mail, language }: PersonRow): Columns {
  return { v: 1, displayName, userPrincipalName, mail, language };
}
export function parsePerson(columns: Columns): PersonRow {
  const { displayName, userPrincipalName, mail, language } = parseRow(person, columns, "a person");
  return { displayName, userPrincipalName, mail, language };
}

const LETTERS: Readonly<Record<RegistrationValue, string>> = { usable: "u", none: "n", unknown: "x" };
const ID_LENGTH = 32;

const head = z.object({ v: z.literal(1), generation: z.enum(["a", "b"]), chunks: count, reportAt: time });
const part = z.object({ v: z.literal(1) });

export interface SnapshotHead {
  readonly generation: "a" | "b";
  readonly parts: number;
  readonly reportAt: number;
}

export function formatSnapshotHead({ generation, parts, reportAt }: SnapshotHead): Columns {
  return { v: 1, generation, chunks: parts, reportAt: formatTime(reportAt) };
}

export function parseSnapshotHead(columns: Columns): SnapshotHead {
  const { generation, chunks, reportAt } = parseRow(head, columns, "the registration snapshot");
  return { generation, parts: chunks, reportAt };
}

export function formatSnapshotPart(registrations: ReadonlyMap<string, RegistrationValue>): Columns {
  return { v: 1, ...formatLongText("text", formatRegistrations(registrations)) };
}

export const parseSnapshotPart = onceEach((columns): Map<string, RegistrationValue> => {
  parseRow(part, columns, "a part of the registration snapshot");
  return parseRegistrations(parseLongText("text", columns));
});

const ENTRY = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})([unx])$/;

/** 33 characters a user: the id without dashes, and a letter. */
export function formatRegistrations(registrations: ReadonlyMap<string, RegistrationValue>): string {
  return [...registrations].map(([userId, value]) => formatRegistration(userId, value)).join("");
}

function formatRegistration(userId: string, value: RegistrationValue): string {
  const text = userId.replaceAll("-", "") + LETTERS[value];
  if (!ENTRY.test(text)) throw new Error("a registration's user is no lower-case object id");
  return text;
}

/** One lost character would shift all that follow into other people: damage stops loudly. */
export function parseRegistrations(text: string): Map<string, RegistrationValue> {
  const found = new Map<string, RegistrationValue>();
  for (let start = 0; start < text.length; start += ID_LENGTH + 1) {
    const [, a, b, c, d, e, letter] = ENTRY.exec(text.slice(start, start + ID_LENGTH + 1)) ?? [];
    if (letter === undefined) throw new Error(`the registration snapshot cannot be read at character ${start}`);
    const userId = [a, b, c, d, e].join("-");
    found.set(userId, letter === "u" ? "usable" : letter === "n" ? "none" : "unknown");
  }
  return found;
}

const letter = z.object({
  v: z.literal(1),
  rollout: z.string(),
  at: time,
  queue: z.string(),
  messageId: z.string(),
  body: z.string(),
  reason: z.string(),
  deliveryCount: count,
});
export interface LetterRow {
  readonly rollout: string | null;
  readonly at: number;
  readonly queue: string;
  readonly messageId: string;
  readonly body: string;
  readonly reason: string;
  readonly deliveryCount: number;
}

const LETTER_MAX = 32_000;

export function formatLetter(row: LetterRow): Columns {
  // What came from outside may have any length, and a column has not.
  const [body, reason] = [row.body.slice(0, LETTER_MAX), row.reason.slice(0, LETTER_MAX)];
  return { v: 1, ...row, body, reason, rollout: row.rollout ?? "", at: formatTime(row.at) };
}

export function parseLetter(columns: Columns): LetterRow {
  const { rollout, at, queue, messageId, body, reason, deliveryCount } = parseRow(letter, columns, "a dead letter");
  return { rollout: rollout === "" ? null : rollout, at, queue, messageId, body, reason, deliveryCount };
}

const deeds = z.array(
  z.object({ kind: z.enum(["replayed", "dismissed"]), at: time, by: z.string(), because: z.string() }),
);
const deedsColumn = z.object({ v: z.literal(1), deeds: z.string().default("[]") });

/**
 * What was done about a letter stands in a column of its own: a build that does not know it reads the row all the same, and rows from
 * before deeds were kept have none.
 */
export function formatDeeds(done: readonly LetterDeed[]): Columns {
  return { deeds: JSON.stringify(done.map(({ at, ...deed }) => ({ ...deed, at: formatTime(at) }))) };
}

export function parseDeeds(columns: Columns): readonly LetterDeed[] {
  return parseJsonRow(deeds, parseRow(deedsColumn, columns, "a dead letter").deeds, "a dead letter's deeds");
}
