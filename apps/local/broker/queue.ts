// One queue in memory. Its durable half changes only by `apply`, in the order of the log; its volatile half (ready, locked,
// due) is derived from it and never stored: after a restart every locked message is ready again.
import { unreachable } from "../../../shared/domain/unreachable.ts";
import type { StoredBytes } from "./amqp-message.ts";
import { Heap } from "./heap.ts";
import { SequenceIndex } from "./sequence-index.ts";
import {
  drain,
  emptyTally,
  first,
  isOver,
  least,
  putOf,
  shelfOf,
  sizeOf,
  type Lock,
  type Message,
  type Now,
  type QueueOptions,
  type Shelf,
  type State,
} from "./message.ts";
import type { LogRecord, Place, Put } from "./records.ts";

export type { QueueOptions } from "./message.ts";

type Change = Exclude<LogRecord, { k: "base" }>;

export class Queue {
  readonly options: QueueOptions;
  readonly #messages = new Map<number, Message>();
  readonly #order = new SequenceIndex((sequence) => this.#messages.has(sequence));
  readonly #locks = new Map<string, Lock>();
  readonly #ready: Record<Shelf, Heap<Message>> = {
    active: new Heap((message) => this.#isReady(message, "active")),
    dead: new Heap((message) => this.#isReady(message, "dead")),
  };
  readonly #scheduled = new Heap<Message>((message) => this.#isScheduled(message));
  readonly #expiring = new Heap<Message>((message) => this.#isReady(message, "active"));
  readonly #wallLocks = new Heap<Lock>((lock, until) => this.#isOnWall(lock, until));
  readonly #orphans = new Heap<Lock>((lock, due) => this.#isOrphan(lock, due));
  readonly #tally = emptyTally();
  #orphaned = { active: 0, dead: 0 };
  #next = 1;
  #bytes = 0;

  constructor(options: QueueOptions) {
    this.options = options;
  }

  /** Sequence numbers are never used twice: the highest is stored with the messages and in the log's base record. */
  allocate(): number {
    return this.#next++;
  }

  get nextSequence(): number {
    return this.#next;
  }

  reserve(next: number): void {
    this.#next = Math.max(this.#next, next);
  }

  get liveBytes(): number {
    return this.#bytes;
  }

  message(sequence: number): Message | undefined {
    return this.#messages.get(sequence);
  }

  count(place: Place, state?: State): number {
    const row = this.#tally[place];
    return state === undefined ? row.ready + row.locked + row.committing + row.resting : row[state];
  }

  orphaned(shelf: Shelf): number {
    return this.#orphaned[shelf];
  }

  /** False where the message is not there any more: a record that a compaction has overtaken. */
  apply(record: Change): boolean {
    if (record.k === "put") {
      this.#insert(record);
      return true;
    }
    const message = this.#messages.get(record.sequence);
    if (message === undefined) {
      if (record.k === "activate") this.reserve(record.to + 1);
      return false;
    }
    this.#unlock(message);
    switch (record.k) {
      case "delete":
        this.#remove(message);
        return true;
      case "activate":
        this.#remove(message);
        this.#insert({ ...putOf(this.options.name, message), sequence: record.to, place: "active", at: record.at });
        return true;
      case "count":
        this.#change(message, record.bytes);
        message.count = record.count;
        this.#move(message, message.place, message.place === "deferred" ? "resting" : "ready");
        return true;
      case "defer":
        this.#change(message, record.bytes);
        this.#move(message, "deferred", "resting");
        return true;
      case "dead-letter":
        this.#change(message, record.bytes);
        message.count = record.count;
        this.#move(message, "dead", "ready");
        return true;
      default:
        return unreachable(record);
    }
  }

  *snapshot(): Generator<Put> {
    for (const sequence of this.#order.from(1)) {
      const message = this.#messages.get(sequence);
      if (message !== undefined) yield putOf(this.options.name, message);
    }
  }

  /** The ready message of the lowest number; `skip` takes a later one instead, for the fault that reorders. */
  takeReady(shelf: Shelf, skip: number): Message | undefined {
    const heap = this.#ready[shelf];
    const passed: Message[] = [];
    let taken: Message | undefined;
    for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
      const message = top.value;
      if (!this.#isReady(message, shelf)) continue;
      if (taken !== undefined) passed.push(taken);
      taken = message;
      if (passed.length >= skip) break;
    }
    for (const message of passed) heap.push(message.sequence, message);
    return taken;
  }

  lock(message: Message, token: string, owner: object, until: number): Lock {
    const lock: Lock = { token, message, owner, until, orphanDue: null, settling: false };
    this.#move(message, message.place, "locked");
    message.lock = lock;
    this.#locks.set(token, lock);
    this.#wallLocks.push(until, lock);
    return lock;
  }

  /** The lock, if it still holds and nobody is settling it. */
  heldLock(token: string, now: Now): Lock | null {
    const lock = this.#locks.get(token);
    return lock === undefined || lock.settling || isOver(lock, now) ? null : lock;
  }

  /** From here on it is work in flight, also where it was an orphan: no jump of the clock may pass it over. */
  startSettling(lock: Lock): void {
    if (lock.orphanDue !== null) this.#orphaned[shelfOf(lock.message)]--;
    lock.orphanDue = null;
    lock.settling = true;
  }

  renew(lock: Lock, owner: object, until: number): void {
    if (lock.orphanDue !== null) this.#orphaned[shelfOf(lock.message)]--;
    lock.owner = owner;
    lock.orphanDue = null;
    lock.until = until;
    this.#wallLocks.push(until, lock);
  }

  /** A socket is gone: what was left of its locks runs on the virtual clock, as scheduled work does. */
  orphan(owner: object, now: Now): void {
    for (const lock of this.#locks.values()) {
      if (lock.owner !== owner || lock.orphanDue !== null) continue;
      lock.owner = null;
      if (lock.settling) continue;
      lock.orphanDue = now.virtual + Math.max(0, lock.until - now.wall);
      this.#orphaned[shelfOf(lock.message)]++;
      this.#orphans.push(lock.orphanDue, lock);
    }
  }

  /** Marks and answers what has become due; its records must follow. */
  takeDue(now: Now): { scheduled: Message[]; expired: Message[]; locks: Lock[] } {
    const scheduled = drain(this.#scheduled, now.virtual, (message) => this.#isScheduled(message));
    const expired = drain(this.#expiring, now.virtual, (message) => this.#isReady(message, "active"));
    const locks = [
      ...drain(this.#wallLocks, now.wall, (lock) => this.#isHeld(lock) && lock.orphanDue === null && isOver(lock, now)),
      ...drain(
        this.#orphans,
        now.virtual,
        (lock) => this.#isHeld(lock) && lock.orphanDue !== null && isOver(lock, now),
      ),
    ];
    for (const message of [...scheduled, ...expired]) this.#move(message, message.place, "committing");
    for (const lock of locks) this.startSettling(lock);
    return { scheduled, expired, locks };
  }

  /** Least instant of scheduled messages and orphaned locks, on the virtual clock. */
  nextVirtualDue(): number | null {
    const scheduled = first(this.#scheduled, (message) => this.#isScheduled(message));
    const orphan = first(this.#orphans, (lock, due) => this.#isOrphan(lock, due));
    return least(scheduled, orphan);
  }

  nextExpiry(): number | null {
    return first(this.#expiring, (message) => this.#isReady(message, "active"));
  }

  nextLockEnd(): number | null {
    return first(this.#wallLocks, (lock, until) => this.#isOnWall(lock, until));
  }

  *peek(shelf: Shelf, from: number): Generator<Message> {
    for (const sequence of this.#order.from(from)) {
      const message = this.#messages.get(sequence);
      if (message !== undefined && (message.place === "dead") === (shelf === "dead")) yield message;
    }
  }

  #insert(record: Put): void {
    this.reserve(record.sequence + 1);
    const message: Message = {
      sequence: record.sequence,
      enqueuedAt: record.at,
      due: record.place === "scheduled" ? record.due : null,
      ttlMs: record.ttl,
      place: record.place,
      state: "resting",
      count: record.count,
      bytes: record.bytes,
      lock: null,
    };
    this.#messages.set(message.sequence, message);
    this.#order.add(message.sequence);
    this.#bytes += sizeOf(message.bytes);
    this.#tally[message.place].resting++;
    if (message.place === "active" || message.place === "dead") this.#move(message, message.place, "ready");
    if (message.place === "scheduled" && message.due !== null) this.#scheduled.push(message.due, message);
    if (message.place === "active" && message.ttlMs !== null) {
      this.#expiring.push(message.enqueuedAt + message.ttlMs, message);
    }
  }

  #remove(message: Message): void {
    this.#tally[message.place][message.state]--;
    this.#messages.delete(message.sequence);
    this.#order.forget();
    this.#bytes -= sizeOf(message.bytes);
  }

  #change(message: Message, bytes: StoredBytes | null): void {
    if (bytes === null) return;
    this.#bytes += sizeOf(bytes) - sizeOf(message.bytes);
    message.bytes = bytes;
  }

  #unlock(message: Message): void {
    const lock = message.lock;
    if (lock === null) return;
    if (lock.orphanDue !== null) this.#orphaned[shelfOf(message)]--;
    this.#locks.delete(lock.token);
    message.lock = null;
  }

  #move(message: Message, place: Place, state: State): void {
    this.#tally[message.place][message.state]--;
    this.#tally[place][state]++;
    message.place = place;
    message.state = state;
    if (state !== "ready") return;
    this.#ready[shelfOf(message)].push(message.sequence, message);
    // A time to live that ran out while the message was locked counts when it is ready again.
    if (place === "active" && message.ttlMs !== null) this.#expiring.push(message.enqueuedAt + message.ttlMs, message);
  }

  #isScheduled(message: Message): boolean {
    return message.place === "scheduled" && message.state === "resting" && this.#messages.has(message.sequence);
  }

  #isReady(message: Message, shelf: Shelf): boolean {
    return message.place === shelf && message.state === "ready" && this.#messages.has(message.sequence);
  }

  #isOnWall(lock: Lock, until: number): boolean {
    return this.#isHeld(lock) && lock.orphanDue === null && lock.until === until;
  }

  #isOrphan(lock: Lock, due: number): boolean {
    return this.#isHeld(lock) && lock.orphanDue === due;
  }

  #isHeld(lock: Lock): boolean {
    return !lock.settling && this.#locks.get(lock.token) === lock;
  }
}
