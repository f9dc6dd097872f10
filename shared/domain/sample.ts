// A 204 says that a write was accepted, not that it had effect: one user of each batch is looked at later. The header carries whom, so
// that a look costs no row and no save. Invariant 4, docs/decisions/0008.
import type { Instant } from "./instant.ts";
import { FAR_FUTURE, HOUR_MS } from "./instant.ts";
import type { KnownMfaState, MfaState, UserId } from "./names.ts";

export interface Sample {
  readonly userId: UserId;
  /** What the write asked for. */
  readonly mfaState: KnownMfaState;
  /** Not looked at before: what is read sooner may be older than the write. */
  readonly at: Instant;
}

interface Sampled {
  readonly header: { readonly sample?: Sample };
}

export interface SampleAt<T> {
  readonly at: T;
  readonly sample: Sample;
}

/** Two `$batch` a tick: of 1,600 users a minute, which is more than the quota lets us write. */
const SAMPLES_A_LOOK = 40;
/** Nobody answers for it so long after: it is passed over. */
const SAMPLE_AGE_MAX_MS = HOUR_MS;

/** The oldest that nobody has looked at, those of one instant together. */
export function dueSamples<T extends Sampled>(
  headers: readonly T[],
  verifiedTo: Instant,
  now: Instant,
): readonly SampleAt<T>[] {
  const due = headers
    .flatMap((at) => {
      const { sample } = at.header;
      return sample !== undefined && sample.at > verifiedTo && sample.at <= now ? [{ at, sample }] : [];
    })
    .sort((a, b) => a.sample.at - b.sample.at);
  const last = due[SAMPLES_A_LOOK - 1]?.sample.at ?? FAR_FUTURE;
  return due.filter(({ sample }) => sample.at <= last);
}

export function nextSample(headers: readonly Sampled[], verifiedTo: Instant): Instant {
  const times = headers.flatMap(({ header: { sample } }) =>
    sample !== undefined && sample.at > verifiedTo ? [sample.at] : [],
  );
  return Math.min(FAR_FUTURE, ...times);
}

export function isTooOld({ at }: Sample, now: Instant): boolean {
  return now - at > SAMPLE_AGE_MAX_MS;
}

/** Graph itself makes `enforced` of `enabled` when the user has a method. */
export function hadEffect(asked: KnownMfaState, seen: MfaState): boolean {
  return asked === "enabled" ? seen !== "disabled" : seen === asked;
}
