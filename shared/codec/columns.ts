// How values stand in table columns: ISO times, short words, whole numbers; long texts cut at 30,000 characters, since a string
// property holds 32 Ki UTF-16 units. Source: Microsoft Learn, "Understanding the Table service data model".
import * as z from "zod";
import type { Columns } from "../domain/journal.ts";

const CHUNK = 30_000;

/** `0` is written as no column at all: absent = never. */
export function formatTime(at: number): string {
  return new Date(at).toISOString();
}

export const time = z.iso.datetime({ precision: 3 }).transform((text) => Date.parse(text));
export const timeOrZero = z
  .union([time, z.literal("")])
  .optional()
  .transform((at) => (at === undefined || at === "" ? 0 : at));
export const count = z.int().min(0);

export function withTime(columns: Record<string, string | number>, name: string, at: number): void {
  if (at !== 0) columns[name] = formatTime(at);
}

/** `text0`, `text1`, … */
export function formatLongText(name: string, text: string): Record<string, string> {
  const pieces: Record<string, string> = {};
  for (let start = 0; start < text.length || start === 0; start += CHUNK) {
    pieces[`${name}${start / CHUNK}`] = text.slice(start, start + CHUNK);
  }
  return pieces;
}

export function parseLongText(name: string, columns: Columns): string {
  let text = "";
  for (let index = 0; ; index += 1) {
    const chunk = columns[`${name}${index}`];
    if (typeof chunk !== "string") {
      const pieces = Object.keys(columns).filter((column) => isPieceOf(name, column)).length;
      // A piece that is lost in the middle must not pass for the end.
      if (pieces !== index) throw new Error(`a long text has ${pieces} pieces, and ${name}${index} is not one of them`);
      return text;
    }
    text += chunk;
  }
}

function isPieceOf(name: string, column: string): boolean {
  return column.startsWith(name) && /^\d+$/.test(column.slice(name.length));
}

/** A stored row that cannot be read is a bug or damage, never "nothing": it stops loudly and names itself. */
export function parseRow<T extends z.ZodType>(schema: T, row: unknown, what: string): z.output<T> {
  const result = schema.safeParse(row);
  if (!result.success) throw new Error(`${what} cannot be read: ${z.prettifyError(result.error)}`);
  return result.data;
}

/** The same for a value that stands in its column as JSON. */
export function parseJsonRow<T extends z.ZodType>(schema: T, text: string, what: string): z.output<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${what} cannot be read: it is no JSON`, { cause: error });
  }
  return parseRow(schema, json, what);
}

/** Columns that a newer version wrote and this one does not know: kept through a load and a save. */
export function unknownColumns(
  columns: Columns,
  known: ReadonlySet<string>,
): Record<string, string | number | boolean> {
  return Object.fromEntries(Object.entries(columns).filter(([name]) => !known.has(name)));
}

/**
 * Parses a row once, however often the same object comes back: the memory tables give the same object until the row changes, and a
 * simulation reads the control row and the headers thousands of times. A row from Azure is always a new object.
 */
export function onceEach<T>(parse: (columns: Columns) => T): (columns: Columns) => T {
  const known = new WeakMap<Columns, { readonly parsed: T }>();
  return (columns) => {
    const before = known.get(columns);
    if (before !== undefined) return before.parsed;
    const parsed = parse(columns);
    known.set(columns, { parsed });
    return parsed;
  };
}
