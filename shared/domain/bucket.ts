// Token buckets that model the tenant's quotas. Tokens may be owed: a cost that does not fit now is granted for the instant at which
// the bucket will hold it, so that each message can be scheduled for exactly then.
import type { Instant } from "./instant.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "./instant.ts";

export interface Bucket {
  readonly capacity: number;
  readonly ratePerSecond: number;
  readonly tokens: number;
  /** Of the tokens; ahead of now: until then it earns nothing. */
  readonly at: Instant;
}

export function fullBucket(capacity: number, ratePerSecond: number, now: Instant): Bucket {
  return { capacity, ratePerSecond, tokens: capacity, at: now };
}

export function refill(bucket: Bucket, now: Instant): Bucket {
  if (now <= bucket.at) return bucket;
  const gained = ((now - bucket.at) / SECOND_MS) * bucket.ratePerSecond;
  return { ...bucket, tokens: Math.min(bucket.capacity, bucket.tokens + gained), at: now };
}

/** The earliest instant, at or after `now`, at which the bucket holds `cost`; costs above the capacity wait for a full one. */
export function whenAffordable(bucket: Bucket, cost: number, now: Instant): Instant {
  const { tokens, capacity, ratePerSecond, at } = refill(bucket, now);
  const missing = Math.min(cost, capacity) - tokens;
  return missing <= 0 ? now : Math.max(now, at) + Math.ceil((missing / ratePerSecond) * SECOND_MS);
}

/** Takes the cost now, although it may be spent later: what is owed is paid by the refill. */
export function take(bucket: Bucket, cost: number, now: Instant): Bucket {
  const filled = refill(bucket, now);
  return { ...filled, tokens: filled.tokens - cost };
}

export function giveBack(bucket: Bucket, tokens: number): Bucket {
  return { ...bucket, tokens: Math.min(bucket.capacity, bucket.tokens + tokens) };
}

/** A new rate; what the bucket holds stays, but never above the new capacity. */
export function retune(bucket: Bucket, capacity: number, ratePerSecond: number): Bucket {
  return { ...bucket, capacity, ratePerSecond, tokens: Math.min(bucket.tokens, capacity) };
}

/**
 * A rolling day counted in full hours: at most `perDay` leave in any 24 hours. Each mail counts in the hour in which it may leave at
 * the latest, and that hour counts to its end and a day more: an hour rounded against us, never one in our favour.
 */
export interface DayCount {
  readonly perDay: number;
  readonly hours: readonly { readonly hour: number; readonly count: number }[];
}

const HOURS = 25;

/**
 * A mail leaves at most so long after its grant: the message may be scheduled 150 s ahead, it is waited for 7 min before the batch is
 * granted anew, and its handler takes up to 2.5 min.
 */
export const MAIL_LEAVES_WITHIN_MS = 15 * MINUTE_MS;

export function roomToday({ perDay, hours }: DayCount, now: Instant): number {
  const oldest = Math.floor(now / HOUR_MS) - HOURS;
  return perDay - hours.reduce((sum, { hour, count }) => (hour > oldest ? sum + count : sum), 0);
}

export function countMails(day: DayCount, count: number, now: Instant): DayCount {
  const hour = Math.floor((now + MAIL_LEAVES_WITHIN_MS) / HOUR_MS);
  const oldest = Math.floor(now / HOUR_MS) - HOURS;
  const kept = day.hours.filter((slot) => slot.hour > oldest && slot.hour !== hour);
  const current = day.hours.find((slot) => slot.hour === hour)?.count ?? 0;
  return { ...day, hours: [...kept, { hour, count: Math.max(0, current + count) }] };
}

/** When the oldest counted hour leaves the day. */
export function nextRoom({ hours }: DayCount, now: Instant): Instant {
  const oldest = Math.floor(now / HOUR_MS) - HOURS;
  const counted = hours.filter(({ hour, count }) => hour > oldest && count > 0).map(({ hour }) => hour);
  return counted.length === 0 ? now : (Math.min(...counted) + HOURS) * HOUR_MS;
}
