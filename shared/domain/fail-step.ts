// What a judged failure of a step makes of an enrollment: another try, an exclusion, or the end.
import type { Base, Enrollment } from "./enrollment.ts";
import { isWrapper, NO_CLAIM, stepOf } from "./enrollment.ts";
import type { EnrollmentEvent } from "./event.ts";
import { settleNotice } from "./notice.ts";
import type { Outcome } from "./outcome.ts";
import { baseOf, excludeAsGone, fail, ignored, moved } from "./outcome.ts";
import type { Policy } from "./policy.ts";
import { slowRetryMs } from "./retry.ts";
import { unreachable } from "./unreachable.ts";

type StepFailed = Extract<EnrollmentEvent, { kind: "step-failed" }>;

export function failStep(from: Enrollment, event: StepFailed, policy: Policy): Outcome {
  if (!isOfThisNotice(from, event)) return ignored(`${event.notice ?? event.step} is neither claimed nor awaited`);
  const ofNotice = event.step === "notify" && from.claim.kind === "open";
  if (ofNotice && event.failure.disposition === "uncertain") {
    // Also inside a wrapper: the mail may have left, whatever became of the user meanwhile (invariant 5).
    return settleNotice(from, { kind: "notice-uncertain", notice: from.claim.notice, at: event.at });
  }
  const cleared = ofNotice ? { ...from, claim: NO_CLAIM } : from;
  if (stepOf(from.state) !== event.step || (isWrapper(from.state) && from.state.phase !== "restoring")) {
    // Nothing changed in the tenant; the step is judged anew after the wrapper is gone. Only the claim must not stay open.
    return cleared === from ? ignored(`${event.step} is not the step of ${from.state.phase}`) : moved(cleared);
  }
  const was = baseOf(from.state);
  if (was === null) return ignored("already restored");
  return judge(cleared, was, event, policy);
}

/** An answer that comes late speaks of an older notice: the claim, the tries and the wait of the newer one are not its business. */
function isOfThisNotice({ claim, state }: Enrollment, { notice }: StepFailed): boolean {
  if (notice === undefined) return true;
  if (claim.kind === "open") return claim.notice === notice;
  const base = baseOf(state);
  return base?.phase === "enabled" && base.notice === notice;
}

function judge(from: Enrollment, was: Base, { failure, at, notBefore }: StepFailed, policy: Policy): Outcome {
  switch (failure.disposition) {
    case "retry":
    case "uncertain": {
      // An unknown end without a mail in flight is one more try: every step but a mail is safe to repeat.
      const attempt = from.attempt + (failure.countsAttempt || failure.disposition === "uncertain" ? 1 : 0);
      if (attempt > policy.retry.attemptsMax) return fail(from, was, { reason: failure.reason, at });
      const patience = failure.scope === "user" ? 0 : at + slowRetryMs(from.attempt);
      // Two handlers may judge the same user: the longer rest counts, for what the tenant asked is never shortened.
      return moved({ ...from, attempt, notBefore: Math.max(from.notBefore, notBefore, patience) });
    }
    case "exclude":
      return excludeAsGone(from, at);
    case "fail":
      return fail(from, was, { reason: failure.reason, at });
    default:
      return unreachable(failure.disposition);
  }
}
