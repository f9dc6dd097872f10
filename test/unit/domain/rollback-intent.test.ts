// Who was being restored and fell out of it, by a failure or by being gone, goes on with the restore when they come back: whatever
// happened in between, and whatever was stored in between.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatEnrollment, parseEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import { decide } from "../../../shared/domain/decide.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import type { EnrollmentEvent } from "../../../shared/domain/event.ts";
import { DAY_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import { transition } from "../../../shared/domain/transition.ts";
import { anyPolicy, enrollmentIn } from "../../support/arbitraries.ts";
import { aFailure, after, aPolicy, inState, movedTo, notified, T0 } from "../../support/builders.ts";

const policy = aPolicy();
const at = T0 + MINUTE_MS;
const later = T0 + DAY_MS;
const restoring = inState({ phase: "restoring", was: notified(), at: T0 }, { written: "enabled" });
const failure = aFailure({ disposition: "fail", reason: "bad-request" });
const refused: EnrollmentEvent = { kind: "step-failed", step: "restore", failure, at, notBefore: at };
const gaveUp: EnrollmentEvent = { kind: "gave-up", reason: "dead-lettered", at };
const gone: EnrollmentEvent = { kind: "user-gone", at };
const excluded: EnrollmentEvent = { kind: "excluded", reason: "service account", at };
const retried: EnrollmentEvent = { kind: "retry-requested", at: later };
const reinstated: EnrollmentEvent = { kind: "reinstated", at: later };
const returned: EnrollmentEvent = { kind: "user-returned", at: later };

const WAYS: readonly (readonly [string, readonly EnrollmentEvent[]])[] = [
  ["a failed try, then a retry", [refused, retried]],
  ["a dead letter, then a retry", [gaveUp, retried]],
  ["being gone, then the return", [gone, returned]],
  ["being gone, then a reinstatement", [gone, reinstated]],
  ["a failure, being gone and the return", [refused, gone, returned]],
  ["a failure, an exclusion and a reinstatement", [refused, excluded, reinstated]],
];

describe("invariant 12: a restore that was cut short goes on as it was", () => {
  it.each(WAYS)("after %s", (_, events) => {
    const back = after(restoring, events);

    expect(back).toEqual(restoring);
    expect(decide("restore", back, policy, later)).toEqual({
      kind: "act",
      target: { kind: "set-state", mfaState: "disabled" },
    });
  });

  it.each(WAYS)("also where each row was stored and read again: %s", (_, events) => {
    const back = events.reduce(
      (row: Enrollment, event) => parseEnrollment(formatEnrollment(movedTo(transition(row, event, policy)))),
      restoring,
    );

    expect(back).toEqual(restoring);
  });

  it("for every row that can be restored: a failure and a retry give back the row itself, with fresh tries", () => {
    let came = 0;
    const property = fc.property(enrollmentIn("restoring"), anyPolicy, (row, anyOther) => {
      came++;
      expect(after(row, [refused, retried], anyOther)).toEqual({ ...row, attempt: 1, notBefore: 0 });
    });
    fc.assert(property, { numRuns: 300 });
    expect(came).toBeGreaterThan(50);
  });
});

describe("what is seen of a user whose restore failed", () => {
  const failed = movedTo(transition(restoring, refused, policy));

  it("is no revert by an admin: the state may be what the restore itself has set", () => {
    expect(transition(failed, { kind: "state-observed", mfaState: "disabled", at: later }, policy).kind).toBe(
      "ignored",
    );
  });

  it("opens no enforcement, although the failure's reason is one that a later registration mends", () => {
    const events: readonly EnrollmentEvent[] = [
      { kind: "gave-up", reason: "not-registered", at },
      { kind: "registration-observed", value: "usable", at: later },
    ];

    expect(after(restoring, events).state.phase).toBe("failed");
  });
});

describe("a wrapper that did not leave a restore", () => {
  const before = inState(notified());

  it("gives back the phase that it left", () => {
    const step = { ...refused, step: "enforce" } as const;

    expect(after(before, [step, retried]).state.phase).toBe("notified");
    expect(after(before, [gone, returned]).state.phase).toBe("notified");
  });

  it("is read as such from a row that was written before restores were remembered", () => {
    const old = formatEnrollment(after(before, [gone]));

    expect(Object.keys(old)).not.toContain("restoringSince");
    expect(parseEnrollment(old).state).toEqual({ phase: "excluded", was: notified(), reason: "user-gone", at });
  });
});
