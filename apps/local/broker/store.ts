// All queues and the totals since the data began: the state that the log's records build.
import type { LoggedState } from "../durable/append-log.ts";
import { Queue, type QueueOptions } from "./queue.ts";
import type { LogRecord, Totals } from "./records.ts";

// A queue that the data knows and this start does not declare keeps its messages, is not served and settles nothing.
const UNDECLARED = { lockMs: 60_000, maxDeliveryCount: 10 };
const BASE_BYTES = 300;

export class Store implements LoggedState<LogRecord> {
  readonly #queues = new Map<string, Queue>();
  #totals = { sent: 0, received: 0, scheduled: 0, deadLettered: 0 };

  constructor(queues: readonly QueueOptions[]) {
    for (const options of queues) this.#queues.set(keyOf(options.name), new Queue(options));
  }

  get queues(): IterableIterator<Queue> {
    return this.#queues.values();
  }

  get totals(): Totals {
    return { ...this.#totals };
  }

  /** Names of queues ignore case, as in Service Bus. */
  find(name: string): Queue | undefined {
    return this.#queues.get(keyOf(name));
  }

  apply(record: LogRecord): void {
    if (record.k === "base") {
      for (const [name, { next }] of Object.entries(record.queues)) this.#of(name).reserve(next);
      this.#totals = { ...record.totals };
      return;
    }
    if (this.#of(record.queue).apply(record)) this.#count(record);
  }

  *snapshot(): Generator<LogRecord> {
    const queues = [...this.#queues.values()];
    yield {
      k: "base",
      version: 1,
      queues: Object.fromEntries(queues.map((queue) => [queue.options.name, { next: queue.nextSequence }])),
      totals: this.totals,
    };
    for (const queue of queues) yield* queue.snapshot();
  }

  liveBytes(): number {
    let bytes = BASE_BYTES;
    for (const queue of this.#queues.values()) bytes += queue.liveBytes;
    return bytes;
  }

  /** Received: deliveries that came to an end, by an outcome or by the end of their lock. */
  #count(record: Exclude<LogRecord, { k: "base" }>): void {
    const totals = this.#totals;
    if (record.k === "put" && !record.kept) {
      totals.sent++;
      if (record.place === "scheduled") totals.scheduled++;
    }
    if (record.k === "dead-letter") totals.deadLettered++;
    const delivered =
      record.k === "count" ||
      record.k === "defer" ||
      (record.k === "delete" && record.why === "completed") ||
      (record.k === "dead-letter" && record.delivered);
    if (delivered) totals.received++;
  }

  #of(name: string): Queue {
    const known = this.#queues.get(keyOf(name));
    if (known !== undefined) return known;
    const queue = new Queue({ name, ...UNDECLARED });
    this.#queues.set(keyOf(name), queue);
    return queue;
  }
}

function keyOf(name: string): string {
  return name.toLowerCase();
}
