// What the tables' journal holds: documents by collection and key, as the table server's store keeps them.
import * as z from "zod";
import type { LogCodec } from "../durable/append-log.ts";

const doc = z.record(z.string(), z.unknown());
const schema = z.discriminatedUnion("k", [
  // Head of a fresh or compacted journal.
  z.object({ k: z.literal("base"), v: z.literal(1) }),
  z.object({ k: z.literal("put"), c: z.string(), key: z.string(), doc }),
  z.object({ k: z.literal("del"), c: z.string(), key: z.string() }),
  /** A whole collection is gone. */
  z.object({ k: z.literal("drop"), c: z.string() }),
]);
export type TableRecord = z.infer<typeof schema>;

export const tableCodec: LogCodec<TableRecord> = {
  format: (record) => Buffer.from(JSON.stringify(record)),
  parse: (bytes) => schema.parse(JSON.parse(bytes.toString("utf8"))),
};

export type Docs = Map<string, Map<string, z.infer<typeof doc>>>;

export function applyTo(docs: Docs, record: TableRecord): void {
  switch (record.k) {
    case "base":
      return;
    case "drop":
      docs.delete(record.c);
      return;
    case "del":
      docs.get(record.c)?.delete(record.key);
      return;
    case "put": {
      const collection = docs.get(record.c) ?? new Map<string, z.infer<typeof doc>>();
      docs.set(record.c, collection.set(record.key, record.doc));
    }
  }
}

export function* recordsOf(
  docs: Iterable<readonly [string, Iterable<readonly [string, z.infer<typeof doc>]>]>,
): Generator<TableRecord> {
  yield { k: "base", v: 1 };
  for (const [c, collection] of docs) for (const [key, one] of collection) yield { k: "put", c, key, doc: one };
}
