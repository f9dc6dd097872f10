// What became of the states that were recorded as set: how much is looked at, and how many reverts are no accident (invariant 7).
// Figures and why: docs/decisions/0009.
import type { Enrollment } from "./enrollment.ts";
import type { Instant } from "./instant.ts";
import { DAY_MS, MINUTE_MS } from "./instant.ts";
import type { WaveId } from "./names.ts";

/** Everybody who is on record as enabled or enforced by us is looked at once in so long. */
export const ROUND_MS = 7 * DAY_MS;
/** So many in a rollout within a day, or so large a share of a wave, are no admin's single case: a person must look first. */
export const MANY_REVERTS = 5;
const MANY_SHARE = 0.2;
/** One user of a small wave is a large share of it, and no more than a single case. */
const SHARE_LEAST = 2;
/** What was recorded later is not judged: the look may be older than the write. */
const SETTLED_MS = 10 * MINUTE_MS;

/** Where the last look ended, and what a day of looks has found. */
export interface DriftLook {
  readonly at: Instant;
  /** The last batch that was looked at. */
  readonly wave: WaveId;
  readonly batch: number;
  readonly reverts: readonly Reverts[];
}

export interface Reverts {
  readonly at: Instant;
  readonly wave: WaveId;
  readonly count: number;
}

/** As many batches as keep the round, whatever the timer's schedule is. */
export function batchesToLookAt(batches: number, last: DriftLook | undefined, now: Instant): number {
  const since = last === undefined ? 0 : now - last.at;
  return Math.min(batches, Math.max(1, Math.ceil((batches * since) / ROUND_MS)));
}

export function ofTheDay(reverts: readonly Reverts[], now: Instant): readonly Reverts[] {
  return reverts.filter(({ at }) => now - at < DAY_MS);
}

/** @param enforcedIn how many users of a wave are enforced, those who were just reverted among them */
export function areMany(reverts: readonly Reverts[], enforcedIn: (wave: WaveId) => number): boolean {
  const sum = (of: readonly Reverts[]): number => of.reduce((total, { count }) => total + count, 0);
  if (sum(reverts) >= MANY_REVERTS) return true;
  return [...new Set(reverts.map(({ wave }) => wave))].some((wave) => {
    const ofWave = sum(reverts.filter((one) => one.wave === wave));
    return ofWave >= SHARE_LEAST && ofWave >= MANY_SHARE * enforcedIn(wave);
  });
}

/** Set by us or by the user's registration, long enough ago, and not in somebody's hands. */
export function isToBeLookedAt({ state, written }: Enrollment, now: Instant): boolean {
  switch (state.phase) {
    case "enforced":
      return state.how !== "found" && now - state.enforcedAt >= SETTLED_MS;
    case "enabled":
      return written !== "nothing" && now - state.enabledAt >= SETTLED_MS;
    case "notified":
      return written !== "nothing" && now - state.toldAt >= SETTLED_MS;
    default:
      return false;
  }
}
