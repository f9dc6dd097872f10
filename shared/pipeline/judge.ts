// From answers to events: each user by its own answer, all retryable users of a call with the same next try.
import type { Answer, Failure, Operation } from "../domain/failure.ts";
import { classify } from "../domain/failure.ts";
import type { Instant } from "../domain/instant.ts";
import type { Step } from "../domain/names.ts";
import { retryAt } from "../domain/retry.ts";
import type { Read } from "../ports/directory.ts";
import type { Sheet } from "./sheet.ts";
import type { StepDeps } from "./step-deps.ts";

export interface Judged {
  readonly slot: number;
  /** `null` = done. */
  readonly failure: Failure | null;
}

export function judgeAnswers(
  operation: Operation,
  slots: readonly number[],
  answers: readonly Answer[],
): readonly Judged[] {
  return slots.map((slot, index) => {
    const verdict = classify(operation, answers[index] ?? { kind: "none" });
    return { slot, failure: verdict.kind === "done" ? null : verdict.failure };
  });
}

/** A read that answered is no failure; one that did not is judged like any other step. */
export function judgeReads(slots: readonly number[], reads: readonly Read<unknown>[]): readonly Judged[] {
  return slots.map((slot, index) => {
    const read = reads[index];
    if (read?.kind === "read") return { slot, failure: null };
    const verdict = classify("read", read === undefined ? { kind: "none" } : read.answer);
    return { slot, failure: verdict.kind === "done" ? NO_ANSWER : verdict.failure };
  });
}

/** A 2xx whose body said nothing: nothing is known (invariant 4). */
const NO_ANSWER: Failure = {
  reason: "no-answer",
  disposition: "retry",
  countsAttempt: true,
  scope: "user",
  retryAfterMs: 0,
};

/** Nothing was tried: the same user again, at no cost. */
export const NOT_TRIED: Failure = { ...NO_ANSWER, countsAttempt: false };

/** Records the failures of one call. @returns the next try of those that may be tried again; 0 = nobody */
export function applyFailures(
  deps: Pick<StepDeps, "clock" | "random">,
  sheet: Sheet,
  step: Step,
  judged: readonly Judged[],
): Instant {
  const failed = judged.flatMap(({ slot, failure }) => (failure === null ? [] : [{ slot, failure }]));
  if (failed.length === 0) return 0;
  const now = deps.clock.now();
  const again = failed.map(({ failure }) => failure).filter((failure) => failure.disposition === "retry");
  const attempt = Math.max(1, ...failed.map(({ slot }) => sheet.row(slot).enrollment.attempt));
  const notBefore = retryAt(again, attempt, { now, random: deps.random.next(), policy: sheet.policy.retry });
  for (const { slot, failure } of failed) {
    const { claim } = sheet.row(slot).enrollment;
    const notice = step === "notify" && claim.kind === "open" ? { notice: claim.notice } : {};
    sheet.apply(slot, { kind: "step-failed", step, failure, at: now, notBefore, ...notice });
  }
  return again.length > 0 ? notBefore : 0;
}

export function throttledOf(judged: readonly Judged[]): readonly Failure[] {
  return judged.flatMap(({ failure }) =>
    failure !== null && (failure.reason === "throttled" || failure.reason === "mailbox-busy") ? [failure] : [],
  );
}
