// A clock that stands until somebody moves it.
import type { Instant } from "../domain/instant.ts";
import type { Clock } from "../ports/clock.ts";

export class VirtualClock implements Clock {
  #at: Instant;

  constructor(at: Instant) {
    this.#at = at;
  }

  now(): Instant {
    return this.#at;
  }

  /** Forward only: an earlier instant changes nothing. */
  moveTo(at: Instant): void {
    this.#at = Math.max(this.#at, at);
  }

  advance(ms: number): void {
    this.moveTo(this.#at + ms);
  }
}
