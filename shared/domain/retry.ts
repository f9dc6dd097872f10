// When the next try may start. Full jitter, because users of one call must not come back as one wave; what the tenant asks is
// never shortened. Everything is rounded up to whole milliseconds: a nudge a fraction early finds nothing due and is gone.
import type { Failure } from "./failure.ts";
import type { Instant } from "./instant.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "./instant.ts";
import type { RetryPolicy } from "./policy.ts";

/** Graph answers 0 and fractions of a second; hammering a shut door keeps it shut. */
export const RETRY_AFTER_LEAST_MS = 2 * SECOND_MS;

/** No row can hold an endless wait, and nobody reads one: a year is for ever. */
const RETRY_AFTER_MOST_MS = 365 * DAY_MS;

/** @param random in [0, 1) */
export function backoffMs(attempt: number, random: number, policy: RetryPolicy): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, attempt - 1));
  return Math.max(RETRY_AFTER_LEAST_MS, Math.ceil(random * ceiling));
}

/**
 * After a refusal of our token or of a mailbox. It may be mended by a person, in their time: eight tries of it take two days, while one
 * that was chance costs a minute.
 */
export function slowRetryMs(attempt: number): number {
  return Math.min(DAY_MS, MINUTE_MS * 4 ** Math.max(0, attempt - 1));
}

/** The same instant for all retryable users of one call: `attempt` is the highest of them. */
export function retryAt(
  failures: readonly Failure[],
  attempt: number,
  look: { readonly now: Instant; readonly random: number; readonly policy: RetryPolicy },
): Instant {
  const asked = Math.max(0, ...failures.map((failure) => failure.retryAfterMs));
  const least = asked > 0 ? Math.max(RETRY_AFTER_LEAST_MS, Math.ceil(asked)) : 0;
  return look.now + Math.max(least, asked > 0 ? 0 : backoffMs(attempt, look.random, look.policy));
}

/**
 * `Retry-After` as seconds (also decimal) or as an HTTP date read against the answer's own `Date`.
 * @returns whole milliseconds, at least 2 s; 0 when absent or unreadable
 */
export function parseRetryAfter(value: string | null, answeredAt: Instant): number {
  if (value === null) return 0;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return bounded(Number(text) * SECOND_MS);
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 0 : bounded(date - answeredAt);
}

function bounded(waitMs: number): number {
  return Math.min(RETRY_AFTER_MOST_MS, Math.max(RETRY_AFTER_LEAST_MS, Math.ceil(waitMs)));
}
