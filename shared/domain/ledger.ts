// What is released and not finished, and what the buckets still hold. One row, written by the planner only, always `If-Match`.
import type { Bucket, DayCount } from "./bucket.ts";
import { countMails, fullBucket, giveBack, refill, retune, roomToday, take, whenAffordable } from "./bucket.ts";
import type { Control } from "./control.ts";
import type { Instant } from "./instant.ts";
import { MINUTE_MS } from "./instant.ts";
import type { BatchAddress, SenderId, Step } from "./names.ts";
import type { Grant } from "./nudge.ts";

export interface LedgerEntry extends BatchAddress {
  readonly step: Step;
  /** The header's `seq` when it was released: the work is done when the header has moved. */
  readonly seq: number;
  /** When the message becomes visible. */
  readonly at: Instant;
  /** Graph writes taken from the bucket for it. */
  readonly writes: number;
  /** The header's count of writes when it was released. */
  readonly writesBefore: number;
  readonly grant: readonly Grant[];
}

export interface SenderBudget {
  readonly sender: SenderId;
  readonly minute: Bucket;
  readonly day: DayCount;
}

export interface Ledger {
  readonly graph: Bucket;
  /** When the rate was lowered last, moved on by each clean minute until it is at its target: a 429 after it is news. 0 = never. */
  readonly loweredAt: Instant;
  readonly senders: readonly SenderBudget[];
  readonly entries: readonly LedgerEntry[];
  /** Number of the newest release, so that each message has an id of its own. */
  readonly releases: number;
  /** The planner has nothing to do before. 0 = unknown: run at the next tick. */
  readonly wakeAt: Instant;
  /** Samples up to here have been looked at. Absent in rows of older builds. */
  readonly verifiedTo?: Instant | undefined;
}

/** The quotas that the buckets model. Rates in units a second. */
export interface Budget {
  readonly graphCapacity: number;
  readonly graphPerSecond: number;
  readonly mailsPerMinute: number;
  readonly mailsPerDay: number;
}

const GRAPH_WINDOW_SECONDS = 150;
/** A little below what is configured: spacing is never perfect, and a refused call counts against the quota too. */
const TARGET_SHARE = 0.98;
const LOWER_TO = 0.6;
const CLIMB_PER_MINUTE = 1;
const RATE_LEAST_PER_SECOND = 0.5;

export function budgetFrom(settings: {
  readonly writesPer150s: number;
  readonly mailsPerMinute: number;
  readonly mailsPerDay: number;
}): Budget {
  const graphCapacity = Math.floor(settings.writesPer150s * TARGET_SHARE);
  return {
    graphCapacity,
    graphPerSecond: graphCapacity / GRAPH_WINDOW_SECONDS,
    mailsPerMinute: settings.mailsPerMinute,
    mailsPerDay: settings.mailsPerDay,
  };
}

export function newLedger(budget: Budget, now: Instant): Ledger {
  return {
    graph: fullBucket(budget.graphCapacity, budget.graphPerSecond, now),
    loweredAt: 0,
    senders: [],
    entries: [],
    releases: 0,
    wakeAt: 0,
  };
}

/**
 * Every sender of an active rollout has a budget; one that is new starts with a full minute. One whose rollout is not active any more
 * may send nothing, but what it sent today is kept: back within the day it has no second one.
 */
export function withSenders(ledger: Ledger, senders: readonly SenderId[], budget: Budget, now: Instant): Ledger {
  const active = senders.map((sender) => {
    const known = ledger.senders.find((one) => one.sender === sender);
    return known === undefined ? newSender(sender, budget, now) : withPerDay(known, budget.mailsPerDay);
  });
  const away = ledger.senders
    .filter(({ sender }) => !senders.includes(sender))
    .map((known) => withPerDay(known, 0))
    .filter(({ day }) => roomToday(day, now) < 0);
  return { ...ledger, senders: [...active, ...away] };
}

function withPerDay(known: SenderBudget, perDay: number): SenderBudget {
  return { ...known, day: { ...known.day, perDay } };
}

function newSender(sender: SenderId, budget: Budget, now: Instant): SenderBudget {
  return {
    sender,
    minute: fullBucket(budget.mailsPerMinute, budget.mailsPerMinute / 60, now),
    day: { perDay: budget.mailsPerDay, hours: [] },
  };
}

/**
 * The rate answers what the tenant says: 0.6 of it at a 429, at most once a minute; one more a second for each clean minute.
 * Source: additive increase, multiplicative decrease on the one dispatcher.
 */
export function adaptRate(
  ledger: Ledger,
  control: Control,
  look: { readonly budget: Budget; readonly now: Instant },
): Ledger {
  const { budget, now } = look;
  const current = ledger.graph.ratePerSecond;
  if (control.throttledAt > ledger.loweredAt) {
    if (now - ledger.loweredAt < MINUTE_MS) return ledger;
    const lowered = Math.max(RATE_LEAST_PER_SECOND, current * LOWER_TO);
    // The handler's clock may run ahead of ours: the same 429 must not count again.
    return { ...tuned(ledger, lowered, look), loweredAt: Math.max(now, control.throttledAt) };
  }
  // At the target nothing moves, so that a quiet tick has nothing to write. Set back to 0, the 429 that was answered long ago would be
  // news again.
  if (ledger.loweredAt === 0 || current === budget.graphPerSecond) return tuned(ledger, budget.graphPerSecond, look);
  const cleanMinutes = Math.floor((now - ledger.loweredAt) / MINUTE_MS);
  if (cleanMinutes < 1) return ledger;
  const climbed = Math.min(budget.graphPerSecond, current + cleanMinutes * CLIMB_PER_MINUTE);
  return { ...tuned(ledger, climbed, look), loweredAt: ledger.loweredAt + cleanMinutes * MINUTE_MS };
}

function tuned(
  ledger: Ledger,
  ratePerSecond: number,
  { budget, now }: { readonly budget: Budget; readonly now: Instant },
): Ledger {
  // After a 429 nothing is known of what the tenant's bucket holds: the burst shrinks with the rate.
  const capacity = Math.max(1, Math.floor((budget.graphCapacity * ratePerSecond) / budget.graphPerSecond));
  if (capacity === ledger.graph.capacity && ratePerSecond === ledger.graph.ratePerSecond) return ledger;
  // The time until now was earned at the rate until now.
  return { ...ledger, graph: retune(refill(ledger.graph, now), capacity, ratePerSecond) };
}

/**
 * From the planner's look to the first write: a message is sent and received, the batch loaded, its users read, its priors saved.
 */
export const FIRST_WRITE_AFTER_MS = 5_000;

/** The tenant's bucket is full until the first write arrives: one that began to earn at once would be ahead of it ever after. */
function takeWrites(bucket: Bucket, writes: number, now: Instant): Bucket {
  const taken = take(bucket, writes, now);
  const wasFull = taken.tokens + writes >= bucket.capacity;
  return wasFull && writes > 0 ? { ...taken, at: now + FIRST_WRITE_AFTER_MS } : taken;
}

/** Takes what a nudge will spend. */
export function spend(
  ledger: Ledger,
  cost: { readonly writes: number; readonly grant: readonly Grant[] },
  now: Instant,
): Ledger {
  const senders = ledger.senders.map((budget) => {
    const count = grantOf(cost.grant, budget.sender);
    if (count === 0) return budget;
    return { ...budget, minute: take(budget.minute, count, now), day: countMails(budget.day, count, now) };
  });
  return { ...ledger, graph: takeWrites(ledger.graph, cost.writes, now), senders };
}

/** Gives back what a finished nudge did not spend; negative: takes what it spent beyond its estimate. */
export function refund(ledger: Ledger, writes: number): Ledger {
  return { ...ledger, graph: giveBack(ledger.graph, writes) };
}

function grantOf(grant: readonly Grant[], sender: SenderId): number {
  return grant.reduce((sum, part) => (part.sender === sender ? sum + part.count : sum), 0);
}

export interface GrantOffer {
  readonly at: Instant;
  readonly grant: readonly Grant[];
}

/** At least two senders share a batch where there are two, so that one claim save and one result save do for it. */
const SENDERS_A_BATCH = 2;
/** Two calls of a mailbox, which takes four mails at a time: more than that wait for one another while other mailboxes idle. */
const MAILS_A_SENDER = 8;

/** Who could send so many mails, and from when. `null`: no sender has room today, or there is none. */
export function offerGrant(ledger: Ledger, mails: number, now: Instant): GrantOffer | null {
  const ready = ledger.senders
    .map((budget) => ({ ...budget, room: roomToday(budget.day, now) }))
    .filter(({ room }) => room > 0)
    .sort(
      (a, b) =>
        whenAffordable(a.minute, 1, now) - whenAffordable(b.minute, 1, now) || b.minute.tokens - a.minute.tokens,
    );
  const first = ready[0];
  if (first === undefined) return null;
  const wanted = Math.max(SENDERS_A_BATCH, Math.ceil(mails / Math.min(MAILS_A_SENDER, first.minute.capacity)));
  const chosen = ready.slice(0, wanted);
  const share = Math.ceil(mails / chosen.length);
  let left = mails;
  let at = now;
  const grant: Grant[] = [];
  for (const { sender, minute, room } of chosen) {
    const count = Math.min(left, share, room, Math.floor(minute.capacity));
    if (count <= 0) continue;
    grant.push({ sender, count });
    left -= count;
    at = Math.max(at, whenAffordable(minute, count, now));
  }
  return grant.length === 0 ? null : { at, grant };
}
