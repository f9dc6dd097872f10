// One heap of events by virtual time. Nothing happens but here: each event runs alone, and whatever it wakes up comes to its next port
// call, or its end, before the next event. Equal times come in the order of the heap, which is the same for the same seed.
import type { Instant } from "../../../shared/domain/instant.ts";
import type { Clock } from "../../../shared/ports/clock.ts";
import { Heap } from "../broker/heap.ts";

interface SimEvent {
  readonly what: string;
  readonly run: () => void;
}

/**
 * Promises settle in microtasks. So many turns of them end whatever follows from one event; a turn of Node's event loop would as well, and
 * costs more than the event. Were they too few, the rest would go on with the next event, in the same order each time.
 */
const TURNS = 48;

export class Scheduler {
  readonly #heap = new Heap<SimEvent>(() => true);
  #now: Instant;
  /** The true time, which no instance's own clock need be. */
  readonly clock: Clock = { now: () => this.#now };
  steps = 0;

  constructor(start: Instant) {
    this.#now = start;
  }

  get now(): Instant {
    return this.#now;
  }

  at(at: Instant, what: string, run: () => void): void {
    this.#heap.push(Math.max(at, this.#now), { what, run });
  }

  /** Runs the next event. @returns its name, or `null` when there is none */
  async step(): Promise<string | null> {
    const next = this.#heap.pop();
    if (next === undefined) return null;
    this.#now = next.key;
    this.steps += 1;
    next.value.run();
    for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve();
    return next.value.what;
  }
}
