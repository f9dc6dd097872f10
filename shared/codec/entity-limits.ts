// What Table Storage refuses, said before a request leaves: an emulator lets most of it pass, and Azure then does not.
// Source: Microsoft Learn, "Understanding the Table service data model", "Performing entity group transactions".
import type { Columns } from "../domain/journal.ts";

const KEY = /^[A-Za-z0-9_-]{1,512}$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
const TAKEN: ReadonlySet<string> = new Set(["PartitionKey", "RowKey", "Timestamp", "etag", "timestamp"]);
const COLUMNS_MAX = 252;
const STRING_MAX = 32_768;
const ENTITY_BYTES_MAX = 1_048_576;
const INTEGER_MAX = 2 ** 31;
/** Of a transaction, with a margin for what the request wraps around each entity. */
export const TRANSACTION_BYTES_MAX = 3_500_000;

/**
 * @returns bytes of the entity, as Azure counts them: two a character
 * @throws Error for what Azure would refuse: a bug of whoever made the row
 */
export function measureEntity(partition: string, row: string, columns: Columns): number {
  if (!KEY.test(partition) || !KEY.test(row)) throw new Error(`no key of a table: ${partition} / ${row}`);
  const entries = Object.entries(columns);
  if (entries.length > COLUMNS_MAX) throw new Error(`${row} has ${entries.length} columns, at most ${COLUMNS_MAX} fit`);
  let bytes = 4 + 2 * (partition.length + row.length);
  for (const [name, value] of entries) {
    if (!NAME.test(name) || TAKEN.has(name)) throw new Error(`no name of a column: ${name}`);
    bytes += 8 + 2 * name.length + bytesOf(`${row}.${name}`, value);
  }
  if (bytes > ENTITY_BYTES_MAX) throw new Error(`${row} has ${bytes} bytes, at most ${ENTITY_BYTES_MAX} fit`);
  return bytes;
}

function bytesOf(place: string, value: string | number | boolean): number {
  if (typeof value === "boolean") return 1;
  if (typeof value === "number") {
    // A larger number, or a fraction, changes its type in the table, and then filters and comparisons go wrong in silence.
    if (!Number.isInteger(value) || Math.abs(value) >= INTEGER_MAX)
      throw new Error(`${place} is no small whole number`);
    return 4;
  }
  if (value.length > STRING_MAX) throw new Error(`${place} has ${value.length} characters, at most ${STRING_MAX} fit`);
  return 4 + 2 * value.length;
}
