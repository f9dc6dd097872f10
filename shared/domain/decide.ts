// May this step act on this user now? Asked before every effect; only what it lets act reaches Graph (invariants 1 and 2).
// When a wave may start is the planner's business; *never early, never unregistered, never twice* is decided here.
import type { Enrollment, Enabled, Held, Notified, Restoring } from "./enrollment.ts";
import { stepOf } from "./enrollment.ts";
import { countNotices } from "./claim.ts";
import type { EnrollmentEvent } from "./event.ts";
import type { Instant } from "./instant.ts";
import { FAR_FUTURE } from "./instant.ts";
import type { KnownMfaState, NoticeKey, Step } from "./names.ts";
import { noticeKind } from "./names.ts";
import type { Policy } from "./policy.ts";
import { FOLLOW_UPS_MAX, IN_FLIGHT_MS, LOOK_EVERY_MS } from "./policy.ts";
import type { Registration } from "./registration.ts";
import { isFresh } from "./registration.ts";
import { unreachable } from "./unreachable.ts";

export type Target =
  /** Look first: the prior state, or the user's methods, are not known well enough. */
  | { readonly kind: "observe-state" | "observe-methods" }
  | { readonly kind: "set-state"; readonly mfaState: KnownMfaState }
  | { readonly kind: "send-notice"; readonly notice: NoticeKey };

export type Decision =
  | { readonly kind: "act"; readonly target: Target }
  /** Nothing to do in the tenant, but something to record. */
  | { readonly kind: "settle"; readonly event: EnrollmentEvent }
  | { readonly kind: "wait"; readonly until: Instant }
  | { readonly kind: "skip"; readonly because: string };

const act = (target: Target): Decision => ({ kind: "act", target });
const settle = (event: EnrollmentEvent): Decision => ({ kind: "settle", event });
const wait = (until: Instant): Decision => ({ kind: "wait", until });
const skip = (because: string): Decision => ({ kind: "skip", because });

export function decide(step: Step, enrollment: Enrollment, policy: Policy, now: Instant): Decision {
  const { state } = enrollment;
  if (stepOf(state) !== step) return skip(`${step} is not the step of ${state.phase}`);
  if (state.phase === "held") return decideHeld(state, now);
  if (enrollment.notBefore > now) return wait(enrollment.notBefore);
  switch (state.phase) {
    case "queued":
      return decideEnable(enrollment, policy, now);
    case "enabled":
      return decideNotify(enrollment, state, now);
    case "notified":
      return decideEnforce(enrollment, state, policy, now);
    case "restoring":
      return decideRestore(enrollment, state, now);
    case "enforced":
    case "failed":
    case "excluded":
    case "restored":
      return skip(`nothing is due in ${state.phase}`);
    default:
      return unreachable(state);
  }
}

function decideHeld(state: Held, now: Instant): Decision {
  return state.until <= now ? settle({ kind: "released", at: now }) : wait(state.until);
}

function decideEnable(enrollment: Enrollment, policy: Policy, now: Instant): Decision {
  const { prior, registration } = enrollment;
  if (prior.kind === "unobserved") return act({ kind: "observe-state" });
  if (prior.mfaState !== "disabled") return settle({ kind: "enable-deferred", at: now });
  const value = isFresh(registration, now) ? registration.value : "unknown";
  // Enabling a registered user binds at once, so it waits for the deadline, and so does whoever is not known not to be.
  if (value === "none" || (value === "usable" && policy.registered === "at-once")) {
    return act({ kind: "set-state", mfaState: "enabled" });
  }
  return settle({ kind: "enable-deferred", at: now });
}

function decideNotify(enrollment: Enrollment, state: Enabled, now: Instant): Decision {
  const { claim } = enrollment;
  if (claim.kind === "open") {
    // Whoever claimed it is gone: the mail may have left (invariant 5).
    return claim.expiresAt <= now
      ? settle({ kind: "notice-uncertain", notice: claim.notice, at: now })
      : wait(claim.expiresAt);
  }
  const usedUp = countNotices(enrollment, "follow-up") >= FOLLOW_UPS_MAX;
  if (usedUp && noticeKind(state.notice) === "follow-up")
    return settle({ kind: "gave-up", reason: "notice-unconfirmed", at: now });
  return act({ kind: "send-notice", notice: state.notice });
}

function decideEnforce(enrollment: Enrollment, state: Notified, policy: Policy, now: Instant): Decision {
  const { claim, prior, registration } = enrollment;
  if (claim.kind === "open" && claim.expiresAt <= now) {
    // A reminder whose sender is gone: on record as uncertain (invariant 5), and no obstacle to the rest.
    return settle({ kind: "notice-uncertain", notice: claim.notice, at: now });
  }
  const from = earliestEnforcement(state, policy);
  if (now < from) return wait(claim.kind === "open" ? Math.min(from, claim.expiresAt) : from);
  // No write leaves before the state before it is on record: there would be nothing to go back to.
  if (prior.kind === "unobserved") return act({ kind: "observe-state" });
  const look = nextLook(registration, state, policy);
  if (now < look) return wait(claim.kind === "open" ? Math.min(look, claim.expiresAt) : look);
  if (!isFresh(registration, now)) return act({ kind: "observe-methods" });
  if (registration.value === "usable") return act({ kind: "set-state", mfaState: "enforced" });
  return decideUnregistered(policy, now);
}

/** Seen without a method: the report tells when that changes. What it may have missed is looked for now and then, and at the end. */
export function nextLook({ value, at }: Registration, state: Notified, policy: Policy): Instant {
  if (value !== "none") return 0;
  return Math.min(state.enforceAfter + policy.unregisteredWaitMs, at + LOOK_EVERY_MS);
}

/** Past the deadline and past the patience: the spec decides, with its reason. */
function decideUnregistered(policy: Policy, now: Instant): Decision {
  const reason = policy.unregisteredReason === "" ? "not-registered" : policy.unregisteredReason;
  switch (policy.unregisteredThen) {
    case "fail":
      return settle({ kind: "gave-up", reason: "not-registered", at: now });
    case "exclude":
      return settle({ kind: "excluded", reason, at: now });
    case "hold":
      return settle({ kind: "held", reason, owner: "spec", at: now, until: FAR_FUTURE });
    case "enforce":
      return act({ kind: "set-state", mfaState: "enforced" });
    default:
      return unreachable(policy.unregisteredThen);
  }
}

function decideRestore({ prior }: Enrollment, state: Restoring, now: Instant): Decision {
  const from = earliestRestore(state);
  if (now < from) return wait(from);
  // Rollback restores only what was observed: a guess would leave an account open or locked.
  if (prior.kind === "unobserved") return settle({ kind: "gave-up", reason: "prior-unknown", at: now });
  return act({ kind: "set-state", mfaState: prior.mfaState });
}

/** A write that was in flight when the roll back was ordered has landed by then, and cannot land on what was restored. */
export function earliestRestore({ at }: Restoring): Instant {
  return at + IN_FLIGHT_MS;
}

/** Nothing binding before the deadline, nor before the confirmed notice is old enough. */
export function earliestEnforcement(state: Notified, policy: Policy): Instant {
  return Math.max(state.enforceAfter, state.toldAt + policy.leastNoticeMs);
}
