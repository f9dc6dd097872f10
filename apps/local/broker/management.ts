// The request/response node `<queue>/$management` (Microsoft Learn: Service Bus AMQP request/response operations): renewal,
// schedules, peeking, settlement by token. What the product's queues do not have is refused as not implemented.
import { decodeValue, splitMap, type AmqpMap, type AmqpValue } from "./amqp-decode.ts";
import {
  encodeBinary,
  encodeInt,
  encodeList,
  encodeLongArray,
  encodeMap,
  encodeNull,
  encodeString,
  encodeSymbol,
  encodeTimestampArray,
  encodeUuid,
  type EncodedPair,
} from "./amqp-encode.ts";
import { encodeResponse, parseMessage, type Request } from "./amqp-message.ts";
import type { Engine } from "./engine.ts";
import { bytesOfToken, tokenOfBytes } from "./lock-token.ts";
import type { Shelf } from "./message.ts";
import type { Queue } from "./queue.ts";
import { deadLetterReason, type Outcome } from "./settlement.ts";

const PREFIX = "com.microsoft:";

export interface ManagedNode {
  readonly engine: Engine;
  readonly queue: Queue;
  readonly shelf: Shelf;
  /** The connection: a renewed lock is its. */
  readonly owner: object;
}

interface Reply {
  readonly status: number;
  readonly description: string;
  readonly condition?: string;
  readonly body: Buffer;
}

/** The encoded answer to one request. Throws DecodeError where the request is no request. */
export async function answerManagement(node: ManagedNode, request: Request): Promise<Buffer> {
  const body = decodeValue(request.body);
  const reply = await run(node, request, body instanceof Map ? body : new Map<AmqpValue, AmqpValue>());
  return encodeResponse(
    request.messageId,
    {
      statusCode: encodeInt(reply.status),
      statusDescription: encodeString(reply.description),
      ...(reply.condition === undefined ? {} : { errorCondition: encodeSymbol(reply.condition) }),
    },
    reply.body,
  );
}

export function internalError(request: Request, error: unknown): Buffer {
  const description = error instanceof Error ? error.message : String(error);
  return encodeResponse(
    request.messageId,
    {
      statusCode: encodeInt(500),
      statusDescription: encodeString(description),
      errorCondition: encodeSymbol("amqp:internal-error"),
    },
    encodeNull,
  );
}

async function run(node: ManagedNode, request: Request, body: AmqpMap): Promise<Reply> {
  switch (request.operation) {
    case `${PREFIX}renew-lock`:
      return renewLock(node, body);
    case `${PREFIX}schedule-message`:
      return scheduleMessages(node, body);
    case `${PREFIX}cancel-scheduled-message`:
      return cancelScheduled(node, body);
    case `${PREFIX}peek-message`:
      return peekMessages(node, body);
    case `${PREFIX}update-disposition`:
      return updateDisposition(node, request, body);
    case `${PREFIX}receive-by-sequence-number`:
      return receiveBySequenceNumber(node, body);
    default:
      return refused(501, "amqp:not-implemented", `The embedded broker does not serve ${request.operation}.`);
  }
}

function renewLock({ engine, queue, owner }: ManagedNode, body: AmqpMap): Reply {
  const expirations = engine.renew(queue, tokensOf(body), owner);
  return expirations === null ? lockLost() : done("expirations", encodeTimestampArray(expirations));
}

async function scheduleMessages({ engine, queue, shelf }: ManagedNode, body: AmqpMap): Promise<Reply> {
  if (shelf === "dead") return refused(403, "amqp:not-allowed", "Nothing can be sent to a dead-letter queue.");
  const messages = listOf(body.get("messages")).flatMap((entry) => {
    const message = entry instanceof Map ? entry.get("message") : null;
    return Buffer.isBuffer(message) ? [parseMessage(message)] : [];
  });
  return done("sequence-numbers", encodeLongArray(await engine.send(queue, messages)));
}

async function cancelScheduled({ engine, queue }: ManagedNode, body: AmqpMap): Promise<Reply> {
  return (await engine.cancel(queue, numbersOf(body))) ? ok() : notFound();
}

function peekMessages({ engine, queue, shelf }: ManagedNode, body: AmqpMap): Reply {
  const from = body.get("from-sequence-number");
  const count = body.get("message-count");
  // A number beyond what a number can hold is behind the last message.
  const first = typeof from === "number" ? from : Number.MAX_SAFE_INTEGER;
  const messages = engine.peek(queue, shelf, first, typeof count === "number" ? count : 1);
  if (messages.length === 0) return { status: 204, description: "No Content", body: encodeNull };
  const entries = messages.map((message) => mapOf({ message: encodeBinary(message) }));
  return done("messages", encodeList(entries));
}

async function updateDisposition(node: ManagedNode, request: Request, body: AmqpMap): Promise<Reply> {
  const outcome = outcomeOf(body, changesIn(request.body));
  if (outcome === null) return refused(400, "amqp:invalid-field", "An unknown disposition-status.");
  const { engine, queue } = node;
  const settled = await Promise.all(tokensOf(body).map((token) => engine.settle(queue, token, outcome)));
  if (settled.includes("lock-lost")) return lockLost();
  if (!settled.includes("not-allowed")) return ok();
  return refused(403, "amqp:not-allowed", "A dead letter can only be completed or abandoned.");
}

async function receiveBySequenceNumber({ engine, queue, owner }: ManagedNode, body: AmqpMap): Promise<Reply> {
  const mode = body.get("receiver-settle-mode") === 0 ? "receive-and-delete" : "peek-lock";
  const taken = await engine.receiveDeferred(queue, numbersOf(body), owner, mode);
  if (taken === null) return notFound();
  const entries = taken.map(({ token, message }) =>
    mapOf({ "lock-token": encodeUuid(bytesOfToken(token)), message: encodeBinary(message) }),
  );
  return done("messages", encodeList(entries));
}

function outcomeOf(body: AmqpMap, changes: readonly EncodedPair[]): Outcome | null {
  switch (body.get("disposition-status")) {
    case "completed":
      return { kind: "complete" };
    case "abandoned":
      return { kind: "abandon", counts: true, changes };
    case "defered": // so spelt by the protocol
      return { kind: "defer", changes };
    case "suspended": {
      const reason = deadLetterReason(textOf(body, "deadletter-reason"), textOf(body, "deadletter-description"));
      return { kind: "dead-letter", changes: [...reason, ...changes] };
    }
    default:
      return null;
  }
}

/** As encoded, because decoding would lose the types of the properties. */
function changesIn(body: Buffer): EncodedPair[] {
  const found = splitMap(body).find(({ key }) => decodeValue(key) === "properties-to-modify");
  return found === undefined ? [] : splitMap(found.value);
}

function tokensOf(body: AmqpMap): string[] {
  return listOf(body.get("lock-tokens")).flatMap((token) => (Buffer.isBuffer(token) ? [tokenOfBytes(token)] : []));
}

/** A number too large for ours was never given out: 0 is nobody's. */
function numbersOf(body: AmqpMap): number[] {
  return listOf(body.get("sequence-numbers")).map((value) => (typeof value === "number" ? value : 0));
}

function textOf(body: AmqpMap, key: string): string | null {
  const value = body.get(key);
  return typeof value === "string" ? value : null;
}

function listOf(value: AmqpValue | undefined): AmqpValue[] {
  return Array.isArray(value) ? value : [];
}

function mapOf(fields: Readonly<Record<string, Buffer>>): Buffer {
  return encodeMap(Object.entries(fields).map(([key, value]) => ({ key: encodeString(key), value })));
}

function done(key: string, value: Buffer): Reply {
  return { status: 200, description: "OK", body: mapOf({ [key]: value }) };
}

function ok(): Reply {
  return { status: 200, description: "OK", body: encodeNull };
}

function lockLost(): Reply {
  return refused(410, "com.microsoft:message-lock-lost", "The lock has expired or the message has been settled.");
}

function notFound(): Reply {
  return refused(404, "com.microsoft:message-not-found", "There is no such message in that state.");
}

function refused(status: number, condition: string, description: string): Reply {
  return { status, description, condition, body: encodeNull };
}
