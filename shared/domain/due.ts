// When a row is due for its step: the same answer as `decide` gives, as an instant, so that a header can say it for a batch.
// Property: at `dueAt` decide lets the step act or settle, before it decide waits (test/unit/domain/decide.test.ts).
import { earliestEnforcement, earliestRestore, nextLook } from "./decide.ts";
import type { Enrollment, Notified } from "./enrollment.ts";
import { stepOf } from "./enrollment.ts";
import type { Instant } from "./instant.ts";
import { FAR_FUTURE } from "./instant.ts";
import type { Step } from "./names.ts";
import type { Policy } from "./policy.ts";

export interface Due {
  readonly step: Step;
  readonly at: Instant;
  /** Graph writes that the step is expected to cost for this user. */
  readonly writes: number;
}

export function dueOf(enrollment: Enrollment, policy: Policy): Due | null {
  const { state, notBefore } = enrollment;
  const step = stepOf(state);
  if (step === null) return null;
  if (state.phase === "held") return state.until >= FAR_FUTURE ? null : { step, at: state.until, writes: 0 };
  switch (step) {
    case "enable":
      return { step, at: notBefore, writes: expectsWrite(enrollment, policy) ? 1 : 0 };
    case "notify":
      return { step, at: Math.max(notBefore, claimEnd(enrollment)), writes: 0 };
    case "enforce":
      return state.phase === "notified"
        ? { step, at: Math.max(notBefore, enforcementLook(enrollment, state, policy)), writes: 1 }
        : null;
    case "restore":
      return state.phase === "restoring" ? { step, at: Math.max(notBefore, earliestRestore(state)), writes: 1 } : null;
  }
}

function expectsWrite({ registration, prior }: Enrollment, policy: Policy): boolean {
  if (prior.kind === "observed" && prior.mfaState !== "disabled") return false;
  return registration.value === "none" || (registration.value === "usable" && policy.registered === "at-once");
}

function claimEnd({ claim }: Enrollment): Instant {
  return claim.kind === "open" ? claim.expiresAt : 0;
}

function enforcementLook(enrollment: Enrollment, state: Notified, policy: Policy): Instant {
  const look = registrationLook(enrollment, state, policy);
  // A claim whose holder is gone is settled by whoever looks first after its end.
  return enrollment.claim.kind === "open" ? Math.min(look, enrollment.claim.expiresAt) : look;
}

function registrationLook({ prior, registration }: Enrollment, state: Notified, policy: Policy): Instant {
  const from = earliestEnforcement(state, policy);
  return prior.kind === "unobserved" ? from : Math.max(from, nextLook(registration, state, policy));
}
