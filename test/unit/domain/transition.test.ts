// Named lives that once went wrong, or would, each with the promise that it would break.
import { describe, expect, it } from "vitest";
import { decide } from "../../../shared/domain/decide.ts";
import { dueOf } from "../../../shared/domain/due.ts";
import type { Held } from "../../../shared/domain/enrollment.ts";
import type { EnrollmentEvent } from "../../../shared/domain/event.ts";
import { DAY_MS, FAR_FUTURE, HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import { IN_FLIGHT_MS, RETRY } from "../../../shared/domain/policy.ts";
import { transition } from "../../../shared/domain/transition.ts";
import {
  aFailure,
  after,
  anEnrollment,
  aPolicy,
  inState,
  movedTo,
  notified,
  openClaim,
  T0,
} from "../../support/builders.ts";

const policy = aPolicy();
const enabled = { phase: "enabled", enabledAt: T0, notice: "first-notice" } as const;
const claimed = inState(enabled, { claim: openClaim("first-notice", T0) });
const at = T0 + MINUTE_MS;
const uncertain: EnrollmentEvent = {
  kind: "step-failed",
  step: "notify",
  failure: aFailure({ disposition: "uncertain", reason: "no-answer" }),
  at,
  notBefore: at,
};

describe("invariant 5: a mail that may have left is on record, whatever happens to its user meanwhile", () => {
  it.each<EnrollmentEvent>([
    { kind: "gave-up", reason: "dead-lettered", at },
    { kind: "user-gone", at },
    { kind: "restore-requested", at },
    { kind: "state-observed", mfaState: "enforced", at },
    { kind: "enforce-succeeded", at },
    { kind: "methods-reset", at },
  ])("$kind closes an open claim as uncertain", (event) => {
    const next = movedTo(transition(claimed, event, policy));

    expect(next.claim).toEqual({ kind: "none" });
    expect(next.notices).toEqual([{ notice: "first-notice", at, outcome: "uncertain", enforceAfter: T0 + 8 * DAY_MS }]);
  });

  it("a failed user who is tried again gets a follow-up and not the same notice", () => {
    const next = after(claimed, [
      { kind: "gave-up", reason: "dead-lettered", at },
      { kind: "retry-requested", at: at + 1 },
    ]);

    expect(next.state).toEqual({ ...enabled, notice: "follow-up-1" });
  });

  it("an uncertain mail of a held user is on record", () => {
    const held = movedTo(
      transition(claimed, { kind: "held", reason: "on leave", owner: "Dana", at, until: FAR_FUTURE }, policy),
    );

    const next = movedTo(transition(held, uncertain, policy));

    expect(next.notices.map(({ notice, outcome }) => [notice, outcome])).toEqual([["first-notice", "uncertain"]]);
    expect(next.state).toMatchObject({ phase: "held", was: { phase: "enabled", notice: "follow-up-1" } });
  });

  it("who is reopened by a revert does not get a notice that is on record", () => {
    const told = after(claimed, [
      uncertain,
      { kind: "state-observed", mfaState: "enforced", at: at + 1 },
      { kind: "state-observed", mfaState: "disabled", at: at + 2 },
    ]);

    expect(told.state).toEqual({ phase: "enabled", enabledAt: at + 2, notice: "follow-up-1" });
  });

  it("each methods reset has a key of its own, also while the notice of the last is in flight", () => {
    const reset = movedTo(transition(inState(enabled), { kind: "methods-reset", at }, policy));
    const inFlight = { ...reset, claim: openClaim("methods-reset-1", at) };

    const again = movedTo(transition(inFlight, { kind: "methods-reset", at: at + 1 }, policy));

    expect(again.state).toMatchObject({ phase: "enabled", notice: "methods-reset-2" });
  });

  it("a late answer that the mail was sent makes the uncertain notice a confirmed one", () => {
    const late = T0 + HOUR_MS;

    const next = after(claimed, [
      { kind: "notice-uncertain", notice: "first-notice", at },
      { kind: "notice-sent", notice: "first-notice", at: late },
    ]);

    expect(next.notices.map(({ outcome }) => outcome)).toEqual(["sent"]);
    expect(next.state).toEqual({ phase: "notified", toldAt: late, enforceAfter: T0 + 8 * DAY_MS });
    expect(next.notBefore).toBe(0);
  });

  it("a late answer for one notice leaves the claim of another alone", () => {
    const followUp = openClaim("follow-up-1", T0 + DAY_MS);
    const waiting = after(claimed, [{ kind: "notice-uncertain", notice: "first-notice", at }]);

    const next = movedTo(
      transition({ ...waiting, claim: followUp }, { kind: "notice-sent", notice: "first-notice", at: at + 1 }, policy),
    );

    expect(next.claim).toEqual(followUp);
    expect(next.state.phase).toBe("notified");
  });
});

describe("a reminder does not touch the enforcement that waits", () => {
  const resting = inState(notified(), { claim: openClaim("reminder-1", T0), attempt: 3, notBefore: T0 + 2 * HOUR_MS });

  it.each(["notice-sent", "notice-uncertain"] as const)("%s leaves attempt and notBefore", (kind) => {
    const next = movedTo(transition(resting, { kind, notice: "reminder-1", at }, policy));

    expect([next.attempt, next.notBefore]).toEqual([3, T0 + 2 * HOUR_MS]);
  });
});

describe("what a person may count on when work is undone", () => {
  it.each(["enable-succeeded", "enforce-succeeded"] as const)(
    "a write that succeeded after the user was restored is undone again (%s)",
    (kind) => {
      const restored = inState({ phase: "restored", at: T0 });

      const next = movedTo(transition(restored, { kind, at }, policy));

      expect(next.state.phase).toBe("restoring");
      expect(next.written).toBe(kind === "enable-succeeded" ? "enabled" : "enforced");
      expect(decide("restore", next, policy, at + IN_FLIGHT_MS)).toEqual({
        kind: "act",
        target: { kind: "set-state", mfaState: "disabled" },
      });
    },
  );

  it("invariant 12: a write whose answer was lost is undone too: a known prior means that one may have left", () => {
    const next = movedTo(transition(inState(enabled), { kind: "restore-requested", at }, policy));

    expect(next.state).toEqual({ phase: "restoring", was: enabled, at });
  });

  it("who was never looked at has nothing to undo and is restored at once", () => {
    const next = movedTo(transition(anEnrollment(), { kind: "restore-requested", at }, policy));

    expect(next.state).toEqual({ phase: "restored", at });
  });

  it.each([
    { phase: "failed", was: notified(), reason: "no-answer", at: T0 },
    { phase: "excluded", was: notified(), reason: "service account", at: T0 },
  ] as const)("a restore that succeeded late counts for who is $phase", (state) => {
    expect(movedTo(transition(inState(state), { kind: "restore-succeeded", at }, policy)).state).toEqual({
      phase: "restored",
      at,
    });
  });
});

describe("a hold", () => {
  const held = (change: Partial<Held> = {}): Held => ({
    phase: "held",
    was: enabled,
    reason: "on leave",
    owner: "Dana",
    at: T0,
    until: T0 + 30 * DAY_MS,
    ...change,
  });
  const holdBy = (owner: string): EnrollmentEvent => ({ kind: "held", reason: "other", owner, at, until: at + 1 });

  it.each(["automation", "spec"])("invariant 7: of a person is not replaced by that of %s", (owner) => {
    expect(transition(inState(held()), holdBy(owner), policy).kind).toBe("ignored");
  });

  it("of automation is replaced by a person's, and a person's by another person's", () => {
    for (const owner of ["automation", "Omar"]) {
      expect(movedTo(transition(inState(held({ owner })), holdBy("Dana"), policy)).state).toMatchObject({
        owner: "Dana",
        until: at + 1,
      });
    }
  });

  it("gives back the wait and the attempt that it found", () => {
    const waiting = inState(enabled, { attempt: 4, notBefore: T0 + DAY_MS });

    expect(after(waiting, [holdBy("Dana"), { kind: "released", at: at + 1 }])).toEqual(waiting);
  });

  it("ends by itself also for who became enforced meanwhile", () => {
    const enforced = { phase: "enforced", enforcedAt: T0, how: "observed", told: { kind: "not-told" } } as const;
    const row = inState(held({ was: enforced, until: at }));

    expect(dueOf(row, policy)).toEqual({ step: "enforce", at, writes: 0 });
    expect(decide("enforce", row, policy, at)).toEqual({ kind: "settle", event: { kind: "released", at } });
  });

  it("invariant 7: of a person does not run out once an admin has reverted the user twice", () => {
    const row = inState(held({ until: at }), { written: "enabled", reverts: 1 });

    const next = movedTo(transition(row, { kind: "state-observed", mfaState: "disabled", at }, policy));

    expect(next.reverts).toBe(2);
    expect(next.state).toMatchObject({ phase: "held", owner: "Dana", until: FAR_FUTURE });
  });
});

describe("a failed try", () => {
  const retry = (notBefore: number, change = {}): EnrollmentEvent => ({
    kind: "step-failed",
    step: "enforce",
    failure: aFailure(change),
    at,
    notBefore,
  });

  it("never brings forward an instant that another handler was told to wait for", () => {
    const resting = inState(notified(), { notBefore: at + HOUR_MS });

    expect(movedTo(transition(resting, retry(at + 2_000), policy)).notBefore).toBe(at + HOUR_MS);
  });

  it("of unknown end counts as an attempt where no mail is claimed", () => {
    const last = inState(notified(), { attempt: RETRY.attemptsMax });
    const lost = { disposition: "uncertain", reason: "no-answer" } as const;

    expect(movedTo(transition(inState(notified()), retry(at, lost), policy)).attempt).toBe(2);
    expect(movedTo(transition(last, retry(at, lost), policy)).state.phase).toBe("failed");
  });
});

describe("decide", () => {
  it("looks at the prior state before it lets a binding write go (prior before write)", () => {
    const row = inState(notified(), {
      prior: { kind: "unobserved" },
      registration: { value: "usable", at: T0 + 9 * DAY_MS },
    });

    expect(decide("enforce", row, policy, T0 + 9 * DAY_MS)).toEqual({ kind: "act", target: { kind: "observe-state" } });
  });

  it("sends the notice of a methods reset although all follow-ups are used up", () => {
    const followUps = [1, 2, 3, 4, 5].map((n) => ({
      notice: `follow-up-${n}` as const,
      at: T0,
      outcome: "uncertain" as const,
      enforceAfter: T0,
    }));
    const row = inState({ ...enabled, notice: "methods-reset-1" }, { notices: followUps });

    expect(decide("notify", row, policy, at)).toEqual({
      kind: "act",
      target: { kind: "send-notice", notice: "methods-reset-1" },
    });
  });
});
