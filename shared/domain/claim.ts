// What is left of a claim, and which notice comes next. A mail that may have left stays on record for ever: its key is never sent
// again (invariant 5), whatever happened to the user while it was in flight.
import type { Base, Enrollment, NoticeRecord } from "./enrollment.ts";
import { NO_CLAIM } from "./enrollment.ts";
import type { Instant } from "./instant.ts";
import type { NoticeKey } from "./names.ts";

type Closed = Pick<Enrollment, "claim" | "notices">;

/** For events that take the user out of the claim's way: nobody knows whether the mail left, so it counts as uncertain. */
export function closeClaim(from: Enrollment, at: Instant): Closed {
  return settledClaim(from, at, "uncertain");
}

export function settledClaim(from: Enrollment, at: Instant, outcome: NoticeRecord["outcome"]): Closed {
  const { claim, notices } = from;
  if (claim.kind === "none") return { claim, notices };
  const enforceAfter = latestDeadline(from, claim.enforceAfter);
  return { claim: NO_CLAIM, notices: [...notices, { notice: claim.notice, at, outcome, enforceAfter }] };
}

/** A deadline once printed, even in a mail that may not have arrived, only ever moves later. */
export function latestDeadline(from: Enrollment, enforceAfter: Instant): Instant {
  return Math.max(enforceAfter, ...from.notices.map((record) => record.enforceAfter));
}

export function wasTried(from: Pick<Enrollment, "notices">, notice: NoticeKey): boolean {
  return from.notices.some((record) => record.notice === notice);
}

/** How many notices of a numbered kind are on record. */
export function countNotices(from: Pick<Enrollment, "notices">, kind: "follow-up" | "methods-reset"): number {
  return from.notices.filter((record) => record.notice.startsWith(`${kind}-`)).length;
}

/** Who waits for a notice waits for one that is not on record: else the claim were refused for ever, and the user held up. */
export function withUnsentNotice(base: Base, from: Pick<Enrollment, "notices">): Base {
  if (base.phase !== "enabled" || !wasTried(from, base.notice)) return base;
  return { ...base, notice: `follow-up-${countNotices(from, "follow-up") + 1}` };
}
