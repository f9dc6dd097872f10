// Rows of tables `users`, `people`, `snapshots` and `deadletters`, version 1.
import * as z from "zod";
import { hash32 } from "../domain/hash.ts";
import type { Columns } from "../domain/journal.ts";
import type { RegistrationValue } from "../domain/registration.ts";
import { count, formatTime, parseRow, time } from "./columns.ts";

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

/** 33 characters a user: the id without dashes, and a letter. */
export function formatRegistrations(registrations: ReadonlyMap<string, RegistrationValue>): string {
  return [...registrations].map(([userId, value]) => userId.replaceAll("-", "") + LETTERS[value]).join("");
}

export function parseRegistrations(text: string): Map<string, RegistrationValue> {
  const found = new Map<string, RegistrationValue>();
  for (let start = 0; start + ID_LENGTH < text.length; start += ID_LENGTH + 1) {
    const id = text.slice(start, start + ID_LENGTH);
    const letter = text.charAt(start + ID_LENGTH);
    const userId = [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join("-");
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
