// What goes now: the planner's choice as a pure function. Reads of it are the header ranges, its answer is a new ledger and the
// nudges to send once that ledger is committed.
import { nextRoom, whenAffordable } from "./bucket.ts";
import type { Control } from "./control.ts";
import { restOf, SERVICES_OF } from "./control.ts";
import type { Header } from "./header.ts";
import { nextDue, NOTHING_DUE, STEP_ORDER } from "./header.ts";
import type { Instant } from "./instant.ts";
import { FAR_FUTURE, MINUTE_MS, SECOND_MS } from "./instant.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { offerGrant, refund, spend } from "./ledger.ts";
import type { BatchAddress, Step } from "./names.ts";
import { STEPS } from "./names.ts";
import { HANDLER_DEADLINE_MS, MESSAGE_LOCK_MS } from "./policy.ts";

/** Nothing is released further ahead than this: a pause or a lower rate takes hold within a tick. */
export const HORIZON_MS = 150 * SECOND_MS;
/** A released batch whose header has not moved for so long was lost: it goes again. */
export const STALLED_AFTER_MS = HANDLER_DEADLINE_MS + MESSAGE_LOCK_MS;
/** Bound on the ledger row: one entry is about 150 bytes of a 64 KiB property, and the row has a dozen of them. */
const UNFINISHED_MAX = 1_000;

export interface HeaderAt extends BatchAddress {
  readonly header: Header;
}

/** What is left of a batch where everything but the roll back is stopped. */
export function onlyRestore({ header, ...at }: HeaderAt): HeaderAt {
  const { restore } = header.due;
  const due = { enable: NOTHING_DUE, notify: NOTHING_DUE, enforce: NOTHING_DUE, restore };
  return { ...at, header: { ...header, due } };
}

export interface Release extends LedgerEntry {
  readonly release: number;
}

export interface ReleasePlan {
  readonly ledger: Ledger;
  readonly releases: readonly Release[];
}

interface Candidate extends HeaderAt {
  readonly step: Step;
  readonly due: Instant;
}

interface Look {
  readonly control: Control;
  readonly now: Instant;
}

/**
 * Entries whose header moved are finished, unless only the priors are saved: their unused tokens come back. Stalled ones leave without refund and go again, and so do
 * those that came while their service rested: a handler that finds a rest does nothing, and sends nothing either, or each rest would
 * multiply the messages of all batches.
 */
export function settleEntries(ledger: Ledger, headers: readonly HeaderAt[], { control, now }: Look): Ledger {
  const byKey = new Map(headers.map((at) => [keyOf(at), at.header]));
  let settled: Ledger = { ...ledger, entries: [] };
  const kept: LedgerEntry[] = [];
  for (const entry of ledger.entries) {
    const header = byKey.get(keyOf(entry));
    if (header === undefined) continue;
    const hasEnded = header.seq !== entry.seq && !hasYetToWrite(entry, header);
    if (hasEnded) settled = refund(settled, writesLeft(entry, header));
    else if (now < entry.at + STALLED_AFTER_MS && entry.at >= restOf(control, SERVICES_OF[entry.step]))
      kept.push(entry);
  }
  return { ...settled, entries: kept };
}

/**
 * Somebody has saved, but no write has begun and the step is due as it was: a handler that has saved its priors, or another's save
 * while the message waits. Given back now, these tokens would be spent twice, once by this batch and once by another (invariant 11).
 */
function hasYetToWrite(entry: LedgerEntry, header: Header): boolean {
  return entry.writes > 0 && header.writes === entry.writesBefore && header.due[entry.step].at <= entry.at;
}

/**
 * Writes that were released and not started; negative where more were started than a header could foresee, for the tenant counted
 * those as well (invariant 11). Mails are not given back: what was claimed may have left.
 */
function writesLeft(entry: LedgerEntry, header: Header): number {
  return entry.writes - (header.writes - entry.writesBefore);
}

export function chooseReleases(ledger: Ledger, headers: readonly HeaderAt[], look: Look): ReleasePlan {
  const { control, now } = look;
  const unfinished = new Set(ledger.entries.map(keyOf));
  let current = ledger;
  const releases: Release[] = [];
  for (const candidate of orderCandidates(headers, unfinished, look)) {
    if (current.entries.length >= UNFINISHED_MAX) break;
    // One unfinished nudge a batch; another of its steps goes only where the one before it could not.
    if (unfinished.has(keyOf(candidate))) continue;
    const offer = offerRelease(current, candidate, control, now);
    if (offer === null || offer.at > now + HORIZON_MS) continue;
    const entry = { ...offer, seq: candidate.header.seq, writesBefore: candidate.header.writes };
    const release = current.releases + 1;
    current = { ...spend(current, offer, now), releases: release, entries: [...current.entries, entry] };
    releases.push({ ...entry, release });
    unfinished.add(keyOf(candidate));
  }
  return { ledger: current, releases };
}

/** Restore first, then what binds, then what tells, then what begins; rollouts in turn, so that none starves another. */
function orderCandidates(
  headers: readonly HeaderAt[],
  unfinished: ReadonlySet<string>,
  look: Look,
): readonly Candidate[] {
  const candidates = headers.flatMap((at) => (unfinished.has(keyOf(at)) ? [] : candidateOf(at, look)));
  const turn = new Map<string, number>();
  const keyed = candidates
    .sort((a, b) => STEP_ORDER.indexOf(a.step) - STEP_ORDER.indexOf(b.step) || a.due - b.due || compareAddress(a, b))
    .map((candidate) => {
      const key = `${candidate.step}/${candidate.rollout}`;
      const position = turn.get(key) ?? 0;
      turn.set(key, position + 1);
      return { candidate, position };
    });
  keyed.sort(
    (a, b) => STEP_ORDER.indexOf(a.candidate.step) - STEP_ORDER.indexOf(b.candidate.step) || a.position - b.position,
  );
  return keyed.map(({ candidate }) => candidate);
}

function candidateOf(at: HeaderAt, { control, now }: Look): readonly Candidate[] {
  const { header } = at;
  // An accelerator that would only be doubled.
  if (now < nudgedUntil(header, control)) return [];
  const steps = STEP_ORDER.filter((step) => header.due[step].at <= now + HORIZON_MS);
  return steps.map((step) => ({ ...at, step, due: header.due[step].at }));
}

type Offer = Omit<LedgerEntry, "seq" | "writesBefore">;

function offerRelease(ledger: Ledger, candidate: Candidate, control: Control, now: Instant): Offer | null {
  const { rollout, wave, batch, step, header } = candidate;
  const { count } = header.due[step];
  const earliest = Math.max(now, candidate.due);
  const address = { rollout, wave, batch, step };
  if (step === "notify") {
    const offer = offerGrant(ledger, Math.max(1, count), now);
    if (offer === null) return null;
    const at = Math.max(earliest, offer.at, restOf(control, SERVICES_OF[step]));
    return { ...address, at, writes: 0, grant: offer.grant };
  }
  const soonest = Math.max(earliest, restOf(control, SERVICES_OF[step]));
  const affordable = (writes: number): Instant => Math.max(soonest, whenAffordable(ledger.graph, writes, now));
  const inTime = affordable(header.due[step].writes);
  const writes = writesBy(header, step, inTime);
  return { ...address, at: affordable(writes), writes, grant: [] };
}

/** The phase whose users a step may write for; those who are held cost nothing before they are back in it. */
const WRITTEN_IN = { enable: "queued", enforce: "notified", restore: "restoring" } as const;

/**
 * What the users cost who are due at an instant. Those who are due behind the ones that the header counts may be due by then as well:
 * a message that comes late pays for the whole phase, and gets back what it did not spend (invariant 11).
 */
function writesBy({ due, phases }: Header, step: keyof typeof WRITTEN_IN, at: Instant): number {
  const { count, writes } = due[step];
  if (at <= due[step].at) return writes;
  const all = phases[WRITTEN_IN[step]];
  const behind = Math.max(0, all - Math.max(0, count - phases.held));
  return Math.max(writes, Math.min(all, writes + behind));
}

/** Its own nudge is on the way, unless it comes while the service rests; lost, it is found when it is overdue. */
function nudgedUntil(header: Header, control: Control): Instant {
  const step = STEPS.find((candidate) => header.due[candidate].at === nextDue(header)) ?? "enable";
  const isOfNow = header.nudgeAt > 0 && nextDue(header) >= header.nudgeAt - MINUTE_MS;
  return isOfNow && header.nudgeAt >= restOf(control, SERVICES_OF[step]) ? header.nudgeAt + STALLED_AFTER_MS : 0;
}

/** When the planner is needed again for what these headers and this ledger say. */
export function wakeFor(ledger: Ledger, headers: readonly HeaderAt[], { control, now }: Look): Instant {
  // Something is under way: look again with the next tick, which also finds what stalls. What rests is waited for.
  const soonest = Math.min(...ledger.entries.map((entry) => Math.max(now, restOf(control, SERVICES_OF[entry.step]))));
  let wake = ledger.entries.length > 0 ? soonest + MINUTE_MS : FAR_FUTURE;
  const unfinished = new Set(ledger.entries.map(keyOf));
  for (const at of headers) {
    if (unfinished.has(keyOf(at))) continue;
    const due = Math.min(...STEPS.map((step) => Math.max(at.header.due[step].at, restOf(control, SERVICES_OF[step]))));
    if (due >= FAR_FUTURE) continue;
    wake = Math.min(wake, Math.max(due - HORIZON_MS, nudgedUntil(at.header, control), now + MINUTE_MS));
  }
  const mails = headers.some(({ header }) => header.due.notify.at <= now);
  if (mails) wake = Math.min(wake, ...ledger.senders.map(({ day }) => Math.max(now + MINUTE_MS, nextRoom(day, now))));
  return wake;
}

export function keyOf({ rollout, wave, batch }: BatchAddress): string {
  return `${rollout}/${wave}/${batch}`;
}

function compareAddress(a: BatchAddress, b: BatchAddress): number {
  return a.wave < b.wave ? -1 : a.wave > b.wave ? 1 : a.batch - b.batch;
}
