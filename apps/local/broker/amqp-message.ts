// Messages as the broker keeps them: the sender's sections stay the bytes that came, because decoding and encoding again
// would lose types (int and long, timestamp, uuid, symbol). Only what the broker owns is written anew at each delivery.
import { randomBytes } from "node:crypto";
import {
  encodeBoolean,
  encodeDescribed,
  encodeInt,
  encodeList,
  encodeLong,
  encodeMap,
  encodeNull,
  encodeRawMap,
  encodeString,
  encodeSymbol,
  encodeTimestamp,
  encodeUint,
  type EncodedPair,
} from "./amqp-encode.ts";
import { DecodeError, decodeValue, splitCompound, splitMap, splitSections, type Section } from "./amqp-decode.ts";

const HEADER = 0x70;
const MESSAGE_ANNOTATIONS = 0x72;
const PROPERTIES = 0x73;
const APPLICATION_PROPERTIES = 0x74;
const DATA = 0x75;

/** Message format of a batch: each data section is one complete message (Microsoft Learn: Service Bus AMQP guide). */
export const BATCH_FORMAT = 0x80013700;

/** What is kept of a message: annotations of the sender, and from properties to footer as one run of bytes. */
export interface StoredBytes {
  readonly annotations: Buffer;
  readonly annotationCount: number;
  readonly bare: Buffer;
}

export interface ParsedMessage extends StoredBytes {
  readonly ttlMs: number | null;
  readonly scheduledFor: number | null;
}

// Written by the broker at each delivery: a message that was received and is sent on brings the old ones along.
const OWN_ANNOTATIONS = new Set([
  "x-opt-sequence-number",
  "x-opt-enqueue-sequence-number",
  "x-opt-enqueued-time",
  "x-opt-locked-until",
  "x-opt-message-state",
  "x-opt-lock-token",
]);

export function parseMessage(bytes: Buffer): ParsedMessage {
  const sections = splitSections(bytes);
  const header = sections.find((section) => section.code === HEADER);
  const pairs = annotationsOf(sections);
  const kept = pairs.filter(({ name }) => !OWN_ANNOTATIONS.has(name)).flatMap(({ pair }) => [pair.key, pair.value]);
  const scheduled = pairs.find(({ name }) => name === "x-opt-scheduled-enqueue-time");
  const rest = sections.filter((section) => section.code > PROPERTIES).map((section) => section.whole);
  if (rest.length === 0) throw new DecodeError("a message without a body");
  return {
    annotations: Buffer.concat(kept),
    annotationCount: kept.length / 2,
    bare: Buffer.concat([propertiesWithId(sections.find((section) => section.code === PROPERTIES)), ...rest]),
    ttlMs: header === undefined ? null : numberAt(splitCompound(header.value), 2),
    scheduledFor: scheduled === undefined ? null : asNumber(decodeValue(scheduled.pair.value)),
  };
}

/** The messages inside a batch. The envelope's own sections repeat its first message's and mean nothing. */
export function splitBatch(bytes: Buffer): Buffer[] {
  return splitSections(bytes)
    .filter((section) => section.code === DATA)
    .map((section) => {
      const message = decodeValue(section.value);
      if (!Buffer.isBuffer(message)) throw new DecodeError("a batch holds something that is not binary");
      return message;
    });
}

export interface Stamp {
  readonly sequence: number;
  readonly enqueuedAt: number;
  readonly deliveryCount: number;
  readonly ttlMs: number | null;
  /** On the wall clock: the client computes its lock renewal with its own `Date`. Null where no lock is held. */
  readonly lockedUntil: number | null;
  readonly state: "active" | "deferred" | "scheduled";
}

const STATES = { active: 0, deferred: 1, scheduled: 2 } as const;
const KEYS = {
  sequence: encodeSymbol("x-opt-sequence-number"),
  enqueuedAt: encodeSymbol("x-opt-enqueued-time"),
  lockedUntil: encodeSymbol("x-opt-locked-until"),
  state: encodeSymbol("x-opt-message-state"),
};

/** The message as it goes to a receiver or into the answer of a peek. */
export function encodeDelivery(stored: StoredBytes, stamp: Stamp): Buffer {
  const header = encodeList([
    encodeBoolean(true), // durable
    encodeNull, // priority: Service Bus has none
    stamp.ttlMs === null ? encodeNull : encodeUint(stamp.ttlMs),
    encodeNull, // first-acquirer
    encodeUint(stamp.deliveryCount),
  ]);
  const own = [
    KEYS.sequence,
    encodeLong(stamp.sequence),
    KEYS.enqueuedAt,
    encodeTimestamp(stamp.enqueuedAt),
    KEYS.state,
    encodeInt(STATES[stamp.state]),
    ...(stamp.lockedUntil === null ? [] : [KEYS.lockedUntil, encodeTimestamp(stamp.lockedUntil)]),
  ];
  const count = stored.annotationCount + own.length / 2;
  const annotations = encodeRawMap(count, [stored.annotations, ...own]);
  return Buffer.concat([
    encodeDescribed(HEADER, header),
    encodeDescribed(MESSAGE_ANNOTATIONS, annotations),
    stored.bare,
  ]);
}

/**
 * Sets application properties: the changes of an abandon, the reason of a dead letter. A change whose value is null is
 * skipped, and a key that stands already gets the new value.
 */
export function withApplicationProperties(bare: Buffer, changes: readonly EncodedPair[]): Buffer {
  const wanted = new Map<string, Buffer>();
  for (const { key, value } of changes) {
    const name = decodeValue(key);
    if (typeof name === "string" && decodeValue(value) !== null) wanted.set(name, value);
  }
  if (wanted.size === 0) return bare;
  const sections = splitSections(bare);
  const present = sections.find((section) => section.code === APPLICATION_PROPERTIES);
  const kept = (present === undefined ? [] : splitMap(present.value)).filter(({ key }) => {
    const name = decodeValue(key);
    return typeof name !== "string" || !wanted.has(name);
  });
  const added = [...wanted].map(([name, value]) => ({ key: encodeString(name), value }));
  const written = encodeDescribed(APPLICATION_PROPERTIES, encodeMap([...kept, ...added]));
  const before = sections.filter((section) => section.code < APPLICATION_PROPERTIES);
  const after = sections.filter((section) => section.code > APPLICATION_PROPERTIES);
  return Buffer.concat([...before.map(({ whole }) => whole), written, ...after.map(({ whole }) => whole)]);
}

/** A request on `$management` or `$cbs`: the parts that the broker reads. */
export interface Request {
  readonly messageId: Buffer;
  readonly replyTo: string;
  readonly operation: string;
  readonly associatedLink: string | null;
  /** The value of the body, still encoded. */
  readonly body: Buffer;
}

export function parseRequest(bytes: Buffer): Request {
  const sections = splitSections(bytes);
  const properties = sections.find((section) => section.code === PROPERTIES);
  const application = sections.find((section) => section.code === APPLICATION_PROPERTIES);
  const body = sections.find((section) => section.code === 0x77);
  if (properties === undefined || application === undefined) throw new DecodeError("a request without properties");
  const fields = splitCompound(properties.value);
  const replyTo = fields[4] === undefined ? null : decodeValue(fields[4]);
  const attributes = decodeValue(application.value);
  const operation = attributes instanceof Map ? attributes.get("operation") : undefined;
  const associated = attributes instanceof Map ? attributes.get("associated-link-name") : undefined;
  if (typeof replyTo !== "string" || typeof operation !== "string") throw new DecodeError("a request without reply-to");
  return {
    messageId: fields[0] ?? encodeNull,
    replyTo,
    operation,
    associatedLink: typeof associated === "string" ? associated : null,
    body: body?.value ?? encodeNull,
  };
}

/** An answer: correlation-id as the request's message-id came, attributes as application properties, one value. */
export function encodeResponse(
  correlationId: Buffer,
  attributes: Readonly<Record<string, Buffer>>,
  body: Buffer,
): Buffer {
  const properties = encodeList([encodeNull, encodeNull, encodeNull, encodeNull, encodeNull, correlationId]);
  const pairs = Object.entries(attributes).map(([name, value]) => ({ key: encodeString(name), value }));
  return Buffer.concat([
    encodeDescribed(PROPERTIES, properties),
    encodeDescribed(APPLICATION_PROPERTIES, encodeMap(pairs)),
    encodeDescribed(0x77, body),
  ]);
}

function annotationsOf(sections: readonly Section[]): { readonly name: string; readonly pair: EncodedPair }[] {
  const section = sections.find(({ code }) => code === MESSAGE_ANNOTATIONS);
  if (section === undefined) return [];
  return splitMap(section.value).map((pair) => {
    const name = decodeValue(pair.key);
    return { name: typeof name === "string" ? name : "", pair };
  });
}

/** The SDK's lock renewal cannot be stopped for a message without an id: it then fails to complete, so each gets one. */
function propertiesWithId(section: Section | undefined): Buffer {
  const fields = section === undefined ? [] : splitCompound(section.value);
  const id = fields[0];
  if (section !== undefined && id !== undefined && decodeValue(id) !== null) return section.whole;
  const made = encodeString(randomBytes(16).toString("hex"));
  return encodeDescribed(PROPERTIES, encodeList([made, ...fields.slice(1)]));
}

function numberAt(items: readonly Buffer[], index: number): number | null {
  const item = items[index];
  return item === undefined ? null : asNumber(decodeValue(item));
}

function asNumber(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
