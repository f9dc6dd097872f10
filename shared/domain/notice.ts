// The life of a notice: claimed, then sent or uncertain. A claim is committed before the mail leaves, and it fixes the deadline
// that the mail prints.
import { latestDeadline, settledClaim, wasTried } from "./claim.ts";
import type { Base, Enrollment, NoticeRecord } from "./enrollment.ts";
import type { EnrollmentEvent } from "./event.ts";
import { noticeKind } from "./names.ts";
import { FOLLOW_UP_AFTER_MS } from "./policy.ts";
import type { Outcome } from "./outcome.ts";
import { baseOf, FRESH, ignored, inside, moved, refuse, rejected } from "./outcome.ts";

type Claimed = Extract<EnrollmentEvent, { kind: "notice-claimed" }>;
type Settled = Extract<EnrollmentEvent, { kind: "notice-sent" | "notice-uncertain" }>;

export function claimNotice(from: Enrollment, event: Claimed): Outcome {
  const { phase } = from.state;
  if (phase !== "enabled" && phase !== "notified") return refuse(from, event.kind);
  if (from.claim.kind === "open") return ignored(`${from.claim.notice} is claimed already`);
  if (wasTried(from, event.notice)) return rejected(`${event.notice} was sent before`);
  const { notice, sender, at, expiresAt, enforceAfter } = event;
  return moved({ ...from, claim: { kind: "open", notice, sender, claimedAt: at, expiresAt, enforceAfter } });
}

export function settleNotice(from: Enrollment, event: Settled): Outcome {
  const { claim } = from;
  if (claim.kind === "none" || claim.notice !== event.notice) return confirmLate(from, event);
  // A reminder's end says nothing of the enforcement that waits: only who waited for this notice starts afresh.
  const waited = baseOf(from.state)?.phase === "enabled";
  if (event.kind === "notice-sent") {
    const deadline = latestDeadline(from, claim.enforceAfter);
    return inside(from, (base) => told(base, event.at, deadline), {
      ...settledClaim(from, event.at, "sent"),
      ...(waited ? FRESH : {}),
    });
  }
  return inside(from, (base) => base, {
    ...settledClaim(from, event.at, "uncertain"),
    ...(waited ? { attempt: 1, notBefore: event.at + FOLLOW_UP_AFTER_MS } : {}),
  });
}

/** The answer came after the claim was given up: the mail did leave, so its record is confirmed and nobody needs a follow-up. */
function confirmLate(from: Enrollment, event: Settled): Outcome {
  const record = from.notices.find(({ notice, outcome }) => notice === event.notice && outcome === "uncertain");
  if (event.kind !== "notice-sent" || record === undefined) return ignored(`${event.notice} is not claimed`);
  const confirmed = { ...record, at: event.at, outcome: "sent" } as const;
  const notices = from.notices.map((earlier) => (earlier === record ? confirmed : earlier));
  const base = baseOf(from.state);
  const answers = base !== null && waitsForFollowUp(base) && from.notices.at(-1) === record;
  const deadline = latestDeadline(from, record.enforceAfter);
  return inside(from, (was) => (answers ? told(was, event.at, deadline) : was), {
    notices,
    ...(answers ? FRESH : {}),
  });
}

/** A methods reset starts a new grace: the confirmation of an older notice must not stand for the new one. */
function waitsForFollowUp(base: Base): boolean {
  return base.phase === "enabled" && noticeKind(base.notice) === "follow-up";
}

function told(base: Base, at: number, enforceAfter: NoticeRecord["enforceAfter"]): Base {
  switch (base.phase) {
    case "enabled":
      return { phase: "notified", toldAt: at, enforceAfter };
    case "notified":
      // A later notice never brings the deadline forward.
      return { ...base, enforceAfter: Math.max(base.enforceAfter, enforceAfter) };
    case "queued":
    case "enforced":
      return base;
  }
}
