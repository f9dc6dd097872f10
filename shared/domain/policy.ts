// What one rollout's spec decides about every user of it. Spans in milliseconds; resolved once, at apply.
import { DAY_MS, MINUTE_MS, SECOND_MS } from "./instant.ts";

export interface RetryPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  /** A step is judged at most this often for one user before it counts as failed. */
  readonly attemptsMax: number;
}

/** What happens to who has not registered `waitMs` after the deadline. */
export type UnregisteredThen = "fail" | "exclude" | "hold" | "enforce";

export interface Policy {
  readonly graceMs: number;
  /** A confirmed notice must be at least this old before anything binds; also promised anew after a hold. */
  readonly leastNoticeMs: number;
  readonly unregisteredWaitMs: number;
  readonly unregisteredThen: UnregisteredThen;
  readonly unregisteredReason: string;
  /** `at-once`: the spec accepts, with a reason, that enabling a registered user binds before any deadline. */
  readonly registered: "deferred" | "at-once";
  readonly retry: RetryPolicy;
}

export const RETRY: RetryPolicy = { baseMs: 2 * SECOND_MS, capMs: 5 * MINUTE_MS, attemptsMax: 8 };

// The order of limits: each ends before the next begins, so that a slow call never outlives what protects it.
// HTTP call < handler deadline < message lock < functionTimeout < lock renewal < claim.
export const HTTP_CALL_MS = 30 * SECOND_MS;
export const HANDLER_DEADLINE_MS = 2 * MINUTE_MS;
export const MESSAGE_LOCK_MS = 5 * MINUTE_MS;
export const FUNCTION_TIMEOUT_MS = 10 * MINUTE_MS;
export const LOCK_RENEWAL_MS = 12 * MINUTE_MS;
export const CLAIM_MS = 15 * MINUTE_MS;

/** Clocks of two instances may differ by this much: no deadline is shortened by it. */
export const CLOCK_MARGIN_MS = 5 * MINUTE_MS;
/** The answer to a mail was lost: another notice, with its own key, goes out so much later. */
export const FOLLOW_UP_AFTER_MS = DAY_MS;
/** After so many unconfirmed follow-ups a person must look. */
export const FOLLOW_UPS_MAX = 5;
/** A guard older than this is read again before a Graph request starts. */
export const GUARD_MAX_AGE_MS = 2 * SECOND_MS;
/** No call that was guarded by an older look ends later than so long after a save: the guard's age, the call itself, and a margin. */
export const IN_FLIGHT_MS = GUARD_MAX_AGE_MS + HTTP_CALL_MS + 8 * SECOND_MS;
/**
 * A state read sooner after a write may be the one before it. Graph documents no bound for the per-user MFA state: two minutes are the
 * last of three looks (5 s, 30 s, 2 min) after which a difference is taken for real.
 */
export const READ_LAG_MS = 2 * MINUTE_MS;
/**
 * Who is past the deadline and not registered is looked at again so often. The registration report, read every six hours, tells of
 * who registers; these looks are for what it missed. Each costs a message and a save for every batch that has such a user.
 */
export const LOOK_EVERY_MS = 7 * DAY_MS;
