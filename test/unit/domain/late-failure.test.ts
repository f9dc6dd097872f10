// A failure of a mail speaks of that mail's notice only: one that comes late must not be taken for an answer to a newer notice.
import { describe, expect, it } from "vitest";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import type { EnrollmentEvent } from "../../../shared/domain/event.ts";
import type { Failure } from "../../../shared/domain/failure.ts";
import { HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { NoticeKey } from "../../../shared/domain/names.ts";
import { transition } from "../../../shared/domain/transition.ts";
import { aFailure, after, aPolicy, inState, movedTo, notified, openClaim, T0 } from "../../support/builders.ts";

const policy = aPolicy();
const at = T0 + HOUR_MS;
const first = inState({ phase: "enabled", enabledAt: T0, notice: "first-notice" });
const newer = after({ ...first, claim: openClaim("first-notice", T0) }, [
  { kind: "methods-reset", at: T0 + MINUTE_MS },
]);
const claimed: Enrollment = { ...newer, claim: openClaim("methods-reset-1", at - MINUTE_MS) };

const DISPOSITIONS: readonly Partial<Failure>[] = [
  { disposition: "uncertain", reason: "no-answer" },
  { disposition: "retry", reason: "mailbox-busy", countsAttempt: false },
  { disposition: "retry", reason: "no-answer" },
  { disposition: "fail", reason: "bad-request" },
];

function failed(notice: NoticeKey, failure: Partial<Failure>): EnrollmentEvent {
  return { kind: "step-failed", step: "notify", notice, failure: aFailure(failure), at, notBefore: at + MINUTE_MS };
}

describe("invariant 5: a failure of an older notice that comes late", () => {
  it.each(DISPOSITIONS)("leaves the claim of a newer one alone ($disposition, $reason)", (failure) => {
    expect(transition(claimed, failed("first-notice", failure), policy).kind).toBe("ignored");
  });

  it.each(DISPOSITIONS)("uses up no try of a newer one that waits ($disposition, $reason)", (failure) => {
    expect(transition(newer, failed("first-notice", failure), policy).kind).toBe("ignored");
  });

  it.each(DISPOSITIONS)(
    "says nothing of the enforcement of who was told meanwhile ($disposition, $reason)",
    (failure) => {
      const told = inState(notified(), { claim: openClaim("reminder-1", at), attempt: 3, notBefore: at });

      expect(transition(told, failed("first-notice", failure), policy).kind).toBe("ignored");
    },
  );

  it("leaves the claim of a held user alone as well", () => {
    const hold: EnrollmentEvent = { kind: "held", reason: "on leave", owner: "Dana", at, until: at + HOUR_MS };

    expect(transition(after(claimed, [hold]), failed("first-notice", {}), policy).kind).toBe("ignored");
  });
});

describe("a failure of the notice that is claimed", () => {
  it.each([
    [{ disposition: "uncertain", reason: "no-answer" }, "enabled", ["first-notice", "methods-reset-1"]],
    [{ disposition: "retry", reason: "no-answer" }, "enabled", ["first-notice"]],
    [{ disposition: "fail", reason: "bad-request" }, "failed", ["first-notice"]],
  ] as const)("ends the claim (%j)", (failure, phase, onRecord) => {
    const next = movedTo(transition(claimed, failed("methods-reset-1", failure), policy));

    expect(next.claim).toEqual({ kind: "none" });
    expect(next.state.phase).toBe(phase);
    expect(next.notices.map(({ notice }) => notice)).toEqual(onRecord);
  });

  it("is a try of the notice that waits, where the claim was given back already", () => {
    expect(movedTo(transition(newer, failed("methods-reset-1", {}), policy)).attempt).toBe(2);
  });
});
