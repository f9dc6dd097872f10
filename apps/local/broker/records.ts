// The changes of the broker's durable state. The append log holds nothing else: state is these records applied in order.
import * as z from "zod";
import type { StoredBytes } from "./amqp-message.ts";

const sequence = z.int().min(1);
const instant = z.number();
const bytes = { a: z.int().min(0), n: z.int().min(0) }; // bytes and count of annotations at the head of the blob
const queue = z.string();

const schema = z.discriminatedUnion("k", [
  // Head of a fresh or compacted log: what the messages that follow do not tell.
  z.strictObject({
    k: z.literal("base"),
    version: z.literal(1),
    queues: z.record(z.string(), z.strictObject({ next: sequence })),
    totals: z.strictObject({ sent: z.int(), received: z.int(), scheduled: z.int(), deadLettered: z.int() }),
  }),
  z.strictObject({
    k: z.literal("put"),
    queue,
    sequence,
    place: z.enum(["active", "scheduled", "deferred", "dead"]),
    at: instant, // enqueued, on the virtual clock
    due: instant.nullable(), // scheduled: when it becomes active
    ttl: z.number().nullable(),
    count: z.int().min(0),
    kept: z.boolean(), // written by compaction: it was counted when it first came
    ...bytes,
  }),
  z.strictObject({ k: z.literal("delete"), queue, sequence, why: z.enum(["completed", "cancelled", "expired"]) }),
  z.strictObject({ k: z.literal("activate"), queue, sequence, to: sequence, at: instant }),
  z.strictObject({ k: z.literal("count"), queue, sequence, count: z.int(), changed: z.boolean(), ...bytes }),
  z.strictObject({ k: z.literal("defer"), queue, sequence, changed: z.boolean(), ...bytes }),
  z.strictObject({
    k: z.literal("dead-letter"),
    queue,
    sequence,
    count: z.int(),
    delivered: z.boolean(), // false where it expired without having been delivered
    ...bytes,
  }),
]);

interface On {
  readonly queue: string;
  readonly sequence: number;
}

export type Place = "active" | "scheduled" | "deferred" | "dead";

export interface Totals {
  readonly sent: number;
  readonly received: number;
  readonly scheduled: number;
  readonly deadLettered: number;
}

export interface Put extends On {
  readonly k: "put";
  readonly place: Place;
  readonly at: number;
  readonly due: number | null;
  readonly ttl: number | null;
  readonly count: number;
  readonly kept: boolean;
  readonly bytes: StoredBytes;
}

/** A record as the state applies it; `bytes` null means that the message's bytes stay as they are. */
export type LogRecord =
  | {
      readonly k: "base";
      readonly version: 1;
      readonly queues: Readonly<Record<string, { readonly next: number }>>;
      readonly totals: Totals;
    }
  | Put
  | (On & { readonly k: "delete"; readonly why: "completed" | "cancelled" | "expired" })
  | (On & { readonly k: "activate"; readonly to: number; readonly at: number })
  | (On & { readonly k: "count"; readonly count: number; readonly bytes: StoredBytes | null })
  | (On & { readonly k: "defer"; readonly bytes: StoredBytes | null })
  | (On & {
      readonly k: "dead-letter";
      readonly count: number;
      readonly delivered: boolean;
      readonly bytes: StoredBytes;
    });

const NO_BYTES: StoredBytes = { annotations: Buffer.alloc(0), annotationCount: 0, bare: Buffer.alloc(0) };

/** Four bytes of header length, the header as JSON, the message's bytes. */
export function formatRecord(record: LogRecord): Buffer {
  if (!("bytes" in record)) return withHeader(JSON.stringify(record), NO_BYTES);
  const { bytes: stored, ...fields } = record;
  const { annotations, annotationCount, bare } = stored ?? NO_BYTES;
  const changed = record.k === "count" || record.k === "defer" ? { changed: stored !== null } : {};
  const header = { ...fields, ...changed, a: annotations.length, n: annotationCount };
  return withHeader(JSON.stringify(header), { annotations, annotationCount, bare });
}

/** Throws where the bytes are no record: the log says which one and refuses to start. */
export function parseRecord(raw: Buffer): LogRecord {
  const headerEnd = 4 + raw.readUInt32BE(0);
  const header = schema.parse(JSON.parse(raw.toString("utf8", 4, headerEnd)));
  switch (header.k) {
    case "base":
    case "delete":
    case "activate":
      return header;
    case "put":
    case "dead-letter": {
      const { a, n, ...fields } = header;
      return { ...fields, bytes: sliceBytes(raw, headerEnd, a, n) };
    }
    case "count":
    case "defer": {
      const { a, n, changed, ...fields } = header;
      return { ...fields, bytes: changed ? sliceBytes(raw, headerEnd, a, n) : null };
    }
  }
}

function withHeader(json: string, { annotations, bare }: StoredBytes): Buffer {
  const header = Buffer.from(json, "utf8");
  const head = Buffer.allocUnsafe(4);
  head.writeUInt32BE(header.length);
  return Buffer.concat([head, header, annotations, bare]);
}

/** Copies: a slice would keep the whole file in memory. */
function sliceBytes(raw: Buffer, at: number, annotationLength: number, annotationCount: number): StoredBytes {
  const bareAt = at + annotationLength;
  return {
    annotations: Buffer.from(raw.subarray(at, bareAt)),
    annotationCount,
    bare: Buffer.from(raw.subarray(bareAt)),
  };
}
