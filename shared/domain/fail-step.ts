// What a judged failure of a step makes of an enrollment: another try, an exclusion, or the end.
import type { Enrollment } from "./enrollment.ts";
import { isWrapper, NO_CLAIM, stepOf } from "./enrollment.ts";
import type { EnrollmentEvent } from "./event.ts";
import { settleNotice } from "./notice.ts";
import type { Outcome } from "./outcome.ts";
import { baseOf, excludeAsGone, fail, FRESH, ignored, moved } from "./outcome.ts";
import type { Policy } from "./policy.ts";
import { unreachable } from "./unreachable.ts";

type StepFailed = Extract<EnrollmentEvent, { kind: "step-failed" }>;

export function failStep(from: Enrollment, event: StepFailed, policy: Policy): Outcome {
  const cleared = event.step === "notify" && from.claim.kind === "open" ? { ...from, claim: NO_CLAIM } : from;
  if (stepOf(from.state) !== event.step || (isWrapper(from.state) && from.state.phase !== "restoring")) {
    // Nothing changed in the tenant; the step is judged anew after the wrapper is gone. Only the claim must not stay open.
    return cleared === from ? ignored(`${event.step} is not the step of ${from.state.phase}`) : moved(cleared);
  }
  const was = baseOf(from.state);
  if (was === null) return ignored("already restored");
  const { failure, at } = event;
  switch (failure.disposition) {
    case "retry": {
      const attempt = from.attempt + (failure.countsAttempt ? 1 : 0);
      if (attempt > policy.retry.attemptsMax) return fail(cleared, was, { reason: failure.reason, at });
      return moved({ ...cleared, attempt, notBefore: event.notBefore });
    }
    case "exclude":
      return excludeAsGone(cleared, at);
    case "fail":
      return fail(cleared, was, { reason: failure.reason, at });
    case "uncertain":
      return from.claim.kind === "open"
        ? settleNotice(from, { kind: "notice-uncertain", notice: from.claim.notice, at })
        : moved({ ...from, ...FRESH, notBefore: event.notBefore });
    default:
      return unreachable(failure.disposition);
  }
}
