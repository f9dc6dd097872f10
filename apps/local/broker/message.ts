// What a queue consists of: its options, messages and locks, and the small rules on them.
import { encodeDelivery, type StoredBytes } from "./amqp-message.ts";
import type { Heap } from "./heap.ts";
import type { Place, Put } from "./records.ts";

export interface QueueOptions {
  readonly name: string;
  readonly lockMs: number;
  readonly maxDeliveryCount: number;
  /** Expired messages go to the dead letters instead of being dropped. */
  readonly deadLetterOnExpiry?: boolean;
  /** Refused by name: see not-served.ts. */
  readonly requiresDuplicateDetection?: boolean;
  readonly requiresSession?: boolean;
}

/** `committing`: the record that moves it on is on its way to the disk, so nobody else may take it. */
export type State = "ready" | "locked" | "committing" | "resting";
export type Shelf = "active" | "dead";

export interface Message {
  readonly sequence: number;
  readonly enqueuedAt: number;
  readonly due: number | null;
  readonly ttlMs: number | null;
  place: Place;
  state: State;
  count: number;
  bytes: StoredBytes;
  lock: Lock | null;
}

export interface Lock {
  readonly token: string;
  readonly message: Message;
  /** The connection that holds it; null when its socket is gone. */
  owner: object | null;
  /** Wall clock: what the client was told. */
  until: number;
  /** Virtual clock: when an orphaned lock ends. */
  orphanDue: number | null;
  /** Its settlement is on its way to the disk: it neither expires nor can be settled again. */
  settling: boolean;
}

export interface Now {
  readonly wall: number;
  readonly virtual: number;
}

export function isOver(lock: Lock, now: Now): boolean {
  return lock.orphanDue === null ? lock.until <= now.wall : lock.orphanDue <= now.virtual;
}

export function least(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}

export function shelfOf(message: Message): Shelf {
  return message.place === "dead" ? "dead" : "active";
}

export function putOf(queue: string, message: Message): Put {
  const { sequence, place, enqueuedAt, due, ttlMs, count, bytes } = message;
  return { k: "put", queue, sequence, place, at: enqueuedAt, due, ttl: ttlMs, count, kept: true, bytes };
}

/** What the log needs at least for a message, fields included. */
export function sizeOf(bytes: StoredBytes): number {
  return bytes.annotations.length + bytes.bare.length + 150;
}

export function emptyTally(): Record<Place, Record<State, number>> {
  const row = (): Record<State, number> => ({ ready: 0, locked: 0, committing: 0, resting: 0 });
  return { active: row(), scheduled: row(), deferred: row(), dead: row() };
}

/** Entries up to `now`, each once; one that no longer holds is dropped. */
export function drain<T>(heap: Heap<T>, now: number, holds: (value: T) => boolean): T[] {
  const due = new Set<T>();
  for (let top = heap.peek(); top !== undefined && top.key <= now; top = heap.peek()) {
    heap.pop();
    if (holds(top.value)) due.add(top.value);
  }
  return [...due];
}

export function first<T>(heap: Heap<T>, holds: (value: T, key: number) => boolean): number | null {
  for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
    if (holds(top.value, top.key)) return top.key;
    heap.pop();
  }
  return null;
}

export function isExpired(message: Message, now: number): boolean {
  return message.place === "active" && message.ttlMs !== null && message.enqueuedAt + message.ttlMs <= now;
}

export function encodeMessage(message: Message, lockedUntil: number | null): Buffer {
  const state = message.place === "scheduled" || message.place === "deferred" ? message.place : "active";
  return encodeDelivery(message.bytes, {
    sequence: message.sequence,
    enqueuedAt: message.enqueuedAt,
    deliveryCount: message.count,
    ttlMs: message.ttlMs,
    lockedUntil,
    state: shelfOf(message) === "dead" ? "active" : state,
  });
}
