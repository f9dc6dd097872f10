// The broker without its protocol: sends, locks, settlements, schedules and the hold of time, on a store and its log.
// Links come in as consumers; nothing here knows AMQP.
import { randomUUID } from "node:crypto";
import type { AppendLog } from "../durable/append-log.ts";
import type { ParsedMessage } from "./amqp-message.ts";
import type { BrokerFaults } from "./faults.ts";
import { encodeMessage, isExpired, least, type Lock, type Message, type Now, type Shelf } from "./message.ts";
import type { Queue } from "./queue.ts";
import type { LogRecord, Put } from "./records.ts";
import { expiryRecord, recordOf, type Outcome } from "./settlement.ts";
import type { Store } from "./store.ts";

export interface Consumer {
  readonly queue: Queue;
  readonly shelf: Shelf;
  /** The connection: its locks become orphans when its socket is gone. */
  readonly owner: object;
  readonly mode: "peek-lock" | "receive-and-delete";
  /** How many more deliveries its credit allows. */
  room(): number;
  deliver(token: string, message: Buffer): void;
  /** Everything that was there has been delivered: a drain may be answered. */
  passed(): void;
}

export interface Held {
  readonly active: number;
  readonly locked: number;
  readonly orphaned: number;
  readonly nextDue: number | null;
}

export interface QueueCounts {
  readonly active: number;
  readonly locked: number;
  readonly orphaned: number;
  readonly scheduled: number;
  readonly deferred: number;
  readonly deadLettered: number;
}

export type Settled = "settled" | "lock-lost" | "not-allowed";

/** How far behind the first ready message a reordered one may be. */
const REORDER_DISTANCE = 5;
/** Of virtual time. */
const DELAY_MS = 5_000;
const LOST_LOCK_MS = 30;

export interface EngineOptions {
  readonly store: Store;
  readonly log: AppendLog<LogRecord>;
  readonly clock: { now(): number };
  readonly faults: BrokerFaults;
  readonly onError: (error: unknown) => void;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #consumers = new Map<Queue, Record<Shelf, Consumer[]>>();
  #held = false;
  #arriving = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  now(): Now {
    return { wall: Date.now(), virtual: this.#options.clock.now() };
  }

  /** Stores messages, all or none. Answers their numbers once they are durable. */
  async send(queue: Queue, messages: readonly ParsedMessage[]): Promise<number[]> {
    const now = this.now().virtual;
    const puts = messages.map((message) => this.#putsOf(queue, message, now));
    const records = puts.flat();
    this.#arriving += records.length;
    try {
      await this.#append(records);
    } finally {
      this.#arriving -= records.length;
    }
    this.pump(queue, "active");
    return puts.flatMap(([put]) => (put === undefined ? [] : [put.sequence]));
  }

  async settle(queue: Queue, token: string, outcome: Outcome): Promise<Settled> {
    const lock = queue.heldLock(token, this.now());
    if (lock === null) return "lock-lost";
    const record = recordOf(queue.options, lock.message, outcome);
    if (record === null) return "not-allowed";
    queue.startSettling(lock);
    await this.#append([record]);
    this.#pumpAll(queue);
    return "settled";
  }

  /** Each renewal is one lock duration from now, on the wall clock. All or none. */
  renew(queue: Queue, tokens: readonly string[], owner: object): number[] | null {
    const now = this.now();
    const locks = tokens.map((token) => queue.heldLock(token, now));
    if (!locks.every((lock) => lock !== null)) return null;
    const until = now.wall + queue.options.lockMs;
    for (const lock of locks) queue.renew(lock, owner, until);
    return locks.map(() => until);
  }

  /** False where a number is not that of a scheduled message: then none is cancelled. */
  async cancel(queue: Queue, sequences: readonly number[]): Promise<boolean> {
    const messages = sequences.map((sequence) => queue.message(sequence));
    if (!messages.every((message) => message?.place === "scheduled" && message.state === "resting")) return false;
    await this.#append(
      sequences.map((sequence) => ({ k: "delete", queue: queue.options.name, sequence, why: "cancelled" })),
    );
    return true;
  }

  peek(queue: Queue, shelf: Shelf, from: number, count: number): Buffer[] {
    const found: Buffer[] = [];
    for (const message of queue.peek(shelf, from)) {
      if (found.length >= count) break;
      found.push(encodeMessage(message, null));
    }
    return found;
  }

  /** Deferred messages by their numbers, locked (or deleted). Null where one of them is not there. */
  async receiveDeferred(
    queue: Queue,
    sequences: readonly number[],
    owner: object,
    mode: Consumer["mode"],
  ): Promise<{ token: string; message: Buffer }[] | null> {
    const messages = sequences.map((sequence) => queue.message(sequence));
    if (!messages.every((message) => message?.place === "deferred" && message.state === "resting")) return null;
    const until = this.now().wall + queue.options.lockMs;
    const locks = messages.flatMap((message) =>
      message === undefined ? [] : [queue.lock(message, randomUUID(), owner, until)],
    );
    const taken = locks.map(({ token, message }) => ({ token, message: encodeMessage(message, until) }));
    if (mode === "receive-and-delete") {
      await Promise.all(locks.map(({ token }) => this.settle(queue, token, { kind: "complete" })));
    }
    return taken;
  }

  attach(consumer: Consumer): void {
    this.#consumersOf(consumer.queue)[consumer.shelf].push(consumer);
  }

  detach(consumer: Consumer): void {
    const list = this.#consumersOf(consumer.queue);
    list[consumer.shelf] = list[consumer.shelf].filter((other) => other !== consumer);
  }

  disconnected(owner: object): void {
    const now = this.now();
    for (const queue of this.#options.store.queues) queue.orphan(owner, now);
  }

  hold(): Held {
    this.#held = true;
    const sum = { active: this.#arriving, locked: 0, orphaned: 0 };
    let nextDue: number | null = null;
    for (const queue of this.#options.store.queues) {
      sum.active += queue.count("active", "ready") + queue.count("active", "committing");
      sum.active += queue.count("scheduled", "committing");
      // A dead letter that nobody waits for is at rest: only an attached receiver makes it work to be done.
      if (this.#consumersOf(queue).dead.length > 0) sum.active += queue.count("dead", "ready");
      const orphaned = queue.orphaned("active") + queue.orphaned("dead");
      sum.locked += queue.count("active", "locked") + queue.count("deferred", "locked") + queue.count("dead", "locked");
      sum.locked -= orphaned;
      sum.orphaned += orphaned;
      nextDue = least(nextDue, queue.nextVirtualDue());
    }
    return { ...sum, nextDue };
  }

  /** Of the queue itself; the dead letters are counted as such, locked or not. No scan: the queue keeps a tally. */
  counts(queue: Queue): QueueCounts {
    const orphaned = queue.orphaned("active");
    return {
      active: queue.count("active", "ready") + queue.count("active", "committing"),
      locked: queue.count("active", "locked") + queue.count("deferred", "locked") - orphaned,
      orphaned,
      scheduled: queue.count("scheduled"),
      deferred: queue.count("deferred", "resting"),
      deadLettered: queue.count("dead"),
    };
  }

  go(): void {
    this.#held = false;
    this.tick();
    for (const queue of this.#options.store.queues) this.#pumpAll(queue);
  }

  /** Activates, expires and drops what is due. Nothing while held. */
  tick(): void {
    if (this.#held) return;
    const now = this.now();
    for (const queue of this.#options.store.queues) {
      const { scheduled, expired, locks } = queue.takeDue(now);
      const name = queue.options.name;
      const records: LogRecord[] = [
        ...scheduled.map(({ sequence }) => activation(name, sequence, queue.allocate(), now.virtual)),
        ...expired.map((message) => expiryRecord(queue.options, message)),
        ...locks.map((lock) => endOfLock(queue, lock)),
      ];
      if (records.length === 0) continue;
      this.#append(records).then(() => this.#pumpAll(queue), this.#options.onError);
    }
  }

  /** One message to each consumer in turn, so that all that have credit get their share. */
  pump(queue: Queue, shelf: Shelf): void {
    const list = this.#consumersOf(queue)[shelf];
    if (!this.#held && this.#options.log.broken() === null) this.#deliverAll(queue, shelf, list);
    for (const consumer of [...list]) consumer.passed();
  }

  #deliverAll(queue: Queue, shelf: Shelf, list: Consumer[]): void {
    const { faults } = this.#options;
    let idle = 0;
    while (list.length > 0 && idle < list.length) {
      const consumer = list.shift();
      if (consumer === undefined) return;
      list.push(consumer);
      if (consumer.room() <= 0) {
        idle++;
        continue;
      }
      const reorders = queue.count(shelf, "ready") > 1 && faults.strikes("bus-reorder");
      const message = queue.takeReady(shelf, reorders ? faults.upTo(REORDER_DISTANCE, "bus-reorder") : 0);
      if (message === undefined) return;
      if (isExpired(message, this.now().virtual)) continue; // the next tick drops it
      idle = 0;
      this.#deliver(consumer, message);
    }
  }

  #deliver(consumer: Consumer, message: Message): void {
    const { queue, owner, mode } = consumer;
    const wall = Date.now();
    const until = wall + queue.options.lockMs;
    const held = this.#options.faults.strikes("bus-lost-lock") ? wall + LOST_LOCK_MS : until;
    const lock = queue.lock(message, randomUUID(), owner, held);
    consumer.deliver(lock.token, encodeMessage(message, mode === "peek-lock" ? until : null));
    if (mode === "receive-and-delete") {
      this.settle(queue, lock.token, { kind: "complete" }).catch(this.#options.onError);
    }
  }

  #pumpAll(queue: Queue): void {
    this.pump(queue, "active");
    this.pump(queue, "dead");
  }

  #putsOf(queue: Queue, message: ParsedMessage, now: number): Put[] {
    const { faults } = this.#options;
    const asked = message.scheduledFor !== null && message.scheduledFor > now ? message.scheduledFor : null;
    const due = asked ?? (faults.strikes("bus-delay") ? now + faults.upTo(DELAY_MS, "bus-delay") : null);
    const { ttlMs, annotations, annotationCount, bare } = message;
    const put = (): Put => ({
      k: "put",
      queue: queue.options.name,
      sequence: queue.allocate(),
      place: due === null ? "active" : "scheduled",
      at: now,
      due,
      ttl: ttlMs,
      count: 0,
      kept: false,
      bytes: { annotations, annotationCount, bare },
    });
    return faults.strikes("bus-duplicate") ? [put(), put()] : [put()];
  }

  #append(records: readonly LogRecord[]): Promise<void> {
    return this.#options.log.append(records);
  }

  #consumersOf(queue: Queue): Record<Shelf, Consumer[]> {
    const known = this.#consumers.get(queue);
    if (known !== undefined) return known;
    const made: Record<Shelf, Consumer[]> = { active: [], dead: [] };
    this.#consumers.set(queue, made);
    return made;
  }
}

function activation(queue: string, sequence: number, to: number, at: number): LogRecord {
  return { k: "activate", queue, sequence, to, at };
}

function endOfLock(queue: Queue, lock: Lock): LogRecord {
  const record = recordOf(queue.options, lock.message, { kind: "abandon", counts: true, changes: [] });
  if (record === null) throw new Error("the end of a lock is always allowed");
  return record;
}
