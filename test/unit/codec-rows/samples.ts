// samples-v1.json: rows and messages as version 1 stores and sends them. The file only ever grows: a sample that no longer reads
// as it did means that rows of a running rollout do not either.
import { readFileSync } from "node:fs";
import * as z from "zod";
import type { Columns } from "../../../shared/domain/journal.ts";

const columns = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const file = z.strictObject({
  /** Kind of row → what the sample shows → its columns. */
  rows: z.record(z.string(), z.record(z.string(), columns)),
  messages: z.record(z.string(), z.unknown()),
});

export const SAMPLES = file.parse(JSON.parse(readFileSync(`${import.meta.dirname}/samples-v1.json`, "utf8")));

export function samplesOf(kind: string): Readonly<Record<string, Columns>> {
  const rows = SAMPLES.rows[kind];
  if (rows === undefined) throw new Error(`samples-v1.json has no rows of kind ${kind}`);
  return rows;
}

export function sampleOf(kind: string, name: string): Columns {
  const row = samplesOf(kind)[name];
  if (row === undefined) throw new Error(`samples-v1.json has no ${kind} that is "${name}"`);
  return row;
}
