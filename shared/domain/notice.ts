// The life of a notice: claimed, then sent or uncertain. A claim is committed before the mail leaves, and it fixes the deadline
// that the mail prints.
import type { Base, Enrollment } from "./enrollment.ts";
import { NO_CLAIM } from "./enrollment.ts";
import type { EnrollmentEvent } from "./event.ts";
import { FOLLOW_UP_AFTER_MS } from "./policy.ts";
import type { NoticeKey } from "./names.ts";
import type { Outcome } from "./outcome.ts";
import { FRESH, ignored, inside, moved, refuse, rejected } from "./outcome.ts";

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
  if (claim.kind === "none" || claim.notice !== event.notice) return ignored(`${event.notice} is not claimed`);
  const outcome = event.kind === "notice-sent" ? "sent" : "uncertain";
  const record = {
    notice: event.notice,
    at: event.at,
    outcome,
    enforceAfter: latestDeadline(from, claim.enforceAfter),
  } as const;
  const also = { notices: [...from.notices, record], claim: NO_CLAIM };
  if (event.kind === "notice-sent") {
    return inside(from, (base) => told(base, event.at, record.enforceAfter), { ...also, ...FRESH });
  }
  const followUps = from.notices.filter((earlier) => earlier.notice.startsWith("follow-up-")).length;
  return inside(from, (base) => (base.phase === "enabled" ? { ...base, notice: `follow-up-${followUps + 1}` } : base), {
    ...also,
    attempt: 1,
    notBefore: event.at + FOLLOW_UP_AFTER_MS,
  });
}

function told(base: Base, at: number, enforceAfter: number): Base {
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

/** A deadline once printed, even in a mail that may not have arrived, only ever moves later. */
function latestDeadline(from: Enrollment, enforceAfter: number): number {
  return Math.max(enforceAfter, ...from.notices.map((record) => record.enforceAfter));
}

export function wasTried(from: Enrollment, notice: NoticeKey): boolean {
  return from.notices.some((record) => record.notice === notice);
}
