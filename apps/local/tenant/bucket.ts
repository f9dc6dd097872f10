// One token bucket on virtual time. It refills by arithmetic when asked: no timer, so a jump of a week costs nothing.
import type { Instant } from "../../../shared/domain/instant.ts";
import { SECOND_MS } from "../../../shared/domain/instant.ts";

// Refused calls count against the limit, but a client that hammers must still be let in again some day: the debt is bounded.
const DEBT_SHARE = 0.2;

export class Bucket {
  readonly capacity: number;
  readonly #perMs: number;
  #level: number;
  #at: Instant;

  /**
   * @param others `load`: share of the quota that they use up, 0 to 1, less room and a slower refill; `drain`: share of the refill that
   *   another program takes as it comes, the room stays
   */
  constructor(
    limit: number,
    windowMs: number,
    now: Instant,
    others: { readonly load?: number; readonly drain?: number } = {},
  ) {
    const { load = 0, drain = 0 } = others;
    this.capacity = limit * (1 - load);
    this.#perMs = (this.capacity * (1 - drain)) / windowMs;
    this.#level = this.capacity;
    this.#at = now;
  }

  has(cost: number, now: Instant): boolean {
    this.#refill(now);
    return this.#level >= cost;
  }

  take(cost: number, now: Instant): void {
    this.#refill(now);
    this.#level = Math.max(this.#level - cost, -this.capacity * DEBT_SHARE);
  }

  /** Share in use, as `x-ms-throttle-limit-percentage` counts it: above 1 when refused calls went into debt. */
  usedShare(now: Instant): number {
    this.#refill(now);
    return (this.capacity - this.#level) / this.capacity;
  }

  /** Whole seconds until `cost` fits, at least one. */
  secondsUntil(cost: number, now: Instant): number {
    this.#refill(now);
    const missing = Math.min(cost, this.capacity) - this.#level;
    return Math.max(1, Math.ceil(missing / this.#perMs / SECOND_MS));
  }

  #refill(now: Instant): void {
    if (now <= this.#at) return;
    this.#level = Math.min(this.capacity, this.#level + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}
