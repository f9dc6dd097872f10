// What may never happen, over all rows, policies and times; and that a row's due instant is what decide would say.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { decide } from "../../../shared/domain/decide.ts";
import { claimExpiry, earliestDeadline, maySendUnder } from "../../../shared/domain/deadline.ts";
import { dueOf } from "../../../shared/domain/due.ts";
import { isFinal, PHASES } from "../../../shared/domain/enrollment.ts";
import { DAY_MS, FAR_FUTURE, MINUTE_MS } from "../../../shared/domain/instant.ts";
import { STEPS } from "../../../shared/domain/names.ts";
import * as limits from "../../../shared/domain/policy.ts";
import { anyInstant, anyPolicy, enrollmentIn } from "../../support/arbitraries.ts";
import { aPolicy, T0 } from "../../support/builders.ts";

const anyRow = fc.constantFrom(...PHASES).chain(enrollmentIn);
const anyStep = fc.constantFrom(...STEPS);
/** Now, and evidence that may have been made just now: else nothing is ever fresh. */
const anyLook = fc.record({ at: anyInstant, later: fc.constantFrom(0, 30 * DAY_MS), looked: fc.boolean() });

it("invariant 1: nothing binds before a confirmed notice, its age, its deadline and fresh evidence, unless the spec says so", () => {
  const seen = { enforced: 0, bySpec: 0, enabled: 0, atOnce: 0 };
  const property = fc.property(
    fc.oneof(enrollmentIn("notified"), enrollmentIn("queued"), anyRow),
    anyPolicy,
    anyLook,
    (row, policy, look) => {
      const now = look.at + look.later;
      const registration = look.looked ? { ...row.registration, at: now } : row.registration;
      const fresh = now - registration.at <= DAY_MS;
      for (const step of STEPS) {
        const decision = decide(step, { ...row, registration }, policy, now);
        if (decision.kind !== "act" || decision.target.kind !== "set-state" || step === "restore") continue;
        expect(row.prior.kind, "prior before write").toBe("observed");
        if (decision.target.mfaState === "enforced") {
          if (row.state.phase !== "notified") throw new Error(`enforced from ${row.state.phase}`);
          expect(now).toBeGreaterThanOrEqual(row.state.enforceAfter);
          expect(now).toBeGreaterThanOrEqual(row.state.toldAt + policy.leastNoticeMs);
          expect(fresh).toBe(true);
          if (registration.value === "usable") seen.enforced++;
          else {
            seen.bySpec++;
            expect(policy.unregisteredThen).toBe("enforce");
            expect(now).toBeGreaterThanOrEqual(row.state.enforceAfter + policy.unregisteredWaitMs);
          }
        } else {
          expect([row.state.phase, decision.target.mfaState, fresh]).toEqual(["queued", "enabled", true]);
          if (registration.value === "none") seen.enabled++;
          else {
            seen.atOnce++;
            expect([registration.value, policy.registered]).toEqual(["usable", "at-once"]);
          }
        }
      }
    },
  );
  fc.assert(property, { numRuns: 20_000 });
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
});

it("invariant 2: no step acts for a held or excluded user", () => {
  let asked = 0;
  const property = fc.property(
    fc.oneof(enrollmentIn("held"), enrollmentIn("excluded")),
    anyPolicy,
    anyStep,
    (row, policy, step) => {
      asked++;
      expect(decide(step, row, policy, FAR_FUTURE).kind).not.toBe("act");
    },
  );
  fc.assert(property, { numRuns: 1_000 });
  expect(asked).toBeGreaterThan(50);
});

it("invariant 3: a row acts or settles when it is due and waits before, so a header never forgets nor misleads", () => {
  const seen = { due: 0, early: 0, never: 0 };
  const property = fc.property(anyRow, anyPolicy, fc.integer({ min: 1, max: 40 * DAY_MS }), (row, policy, early) => {
    const due = dueOf(row, policy);
    if (due === null) {
      seen.never++;
      const endless = row.state.phase === "held" && row.state.until >= FAR_FUTURE;
      expect(endless || isFinal(row.state)).toBe(true);
      for (const step of STEPS) expect(["wait", "skip"]).toContain(decide(step, row, policy, T0 + 60 * DAY_MS).kind);
      return;
    }
    seen.due++;
    expect(["act", "settle"], JSON.stringify(due)).toContain(decide(due.step, row, policy, due.at).kind);
    const before = decide(due.step, row, policy, due.at - early);
    expect(before.kind).toBe("wait");
    if (before.kind === "wait") {
      seen.early++;
      expect(before.until).toBeGreaterThan(due.at - early);
      expect(before.until).toBeLessThanOrEqual(due.at);
    }
  });
  fc.assert(property, { numRuns: 4_000 });
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
});

it("a deadline leaves the whole grace to a mail that is sent at the last moment allowed", () => {
  const policy = aPolicy();
  const expires = claimExpiry(T0);
  const lastStart = expires - limits.HTTP_CALL_MS;

  expect([maySendUnder(expires, lastStart), maySendUnder(expires, lastStart + 1)]).toEqual([true, false]);
  expect(earliestDeadline(T0, policy)).toBe(T0 + 15 * MINUTE_MS + policy.graceMs + 5 * MINUTE_MS);
});

it("each limit ends before the one that protects it", () => {
  const order = [
    limits.HTTP_CALL_MS,
    limits.HANDLER_DEADLINE_MS,
    limits.MESSAGE_LOCK_MS,
    limits.FUNCTION_TIMEOUT_MS,
    limits.LOCK_RENEWAL_MS,
    limits.CLAIM_MS,
  ];

  expect(order).toEqual([0.5, 2, 5, 10, 12, 15].map((minutes) => minutes * MINUTE_MS));
});
