// Whole lives: random runs of pipeline steps, people, the tenant and late answers, and what holds along each of them.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { isWrapper } from "../../../shared/domain/enrollment.ts";
import { FAR_FUTURE } from "../../../shared/domain/instant.ts";
import { RETRY } from "../../../shared/domain/policy.ts";
import { transition } from "../../../shared/domain/transition.ts";
import type { Lived } from "../../support/arbitraries.ts";
import { anyMoments, anyPolicy, enrollmentIn, live } from "../../support/arbitraries.ts";
import { movedTo, T0 } from "../../support/builders.ts";

function eachMove(check: (from: Enrollment, to: Enrollment, lived: Lived) => void): void {
  const property = fc.property(anyMoments, anyPolicy, (moments, policy) => {
    for (const lived of live(moments, policy)) {
      if (lived.outcome.kind === "moved") check(lived.before, lived.outcome.next, lived);
    }
  });
  fc.assert(property, { numRuns: 4_000 });
}

it("invariant 5: a notice is claimed once, and what is on record stays there", () => {
  const seen = { recorded: 0, claimed: 0 };
  eachMove((from, to, { event }) => {
    const keys = to.notices.map(({ notice }) => notice);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.slice(0, from.notices.length)).toEqual(from.notices.map(({ notice }) => notice));
    if (keys.length > from.notices.length) seen.recorded++;
    if (event.kind === "notice-claimed") {
      seen.claimed++;
      expect(from.notices.map(({ notice }) => notice)).not.toContain(event.notice);
    }
    // A claim ends on record, or by an answer that is sure that nothing left.
    if (from.claim.kind === "open" && to.claim.kind === "none" && event.kind !== "step-failed") {
      expect(keys).toContain(from.claim.notice);
    }
    const base = isWrapper(to.state) ? to.state.was : to.state;
    if (base.phase === "enabled") expect(keys, "else the user waits for ever").not.toContain(base.notice);
  });
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
});

it("invariant 1: a deadline only moves later while its user stays notified, and no notice leads to an earlier one", () => {
  let later = 0;
  let told = 0;
  eachMove((from, to) => {
    if (to.state.phase !== "notified") return;
    const was = isWrapper(from.state) ? from.state.was : from.state;
    if (was.phase === "notified") {
      expect(to.state.enforceAfter).toBeGreaterThanOrEqual(was.enforceAfter);
      if (to.state.enforceAfter > was.enforceAfter) later++;
    }
    if (from.state.phase === "enabled") {
      told++;
      expect(to.state.enforceAfter).toBeGreaterThanOrEqual(
        Math.max(...to.notices.map(({ enforceAfter }) => enforceAfter)),
      );
    }
  });
  expect(Math.min(later, told), `${later} ${told}`).toBeGreaterThan(50);
});

it("a prior state that was observed is never overwritten", () => {
  let known = 0;
  eachMove((from, to) => {
    if (from.prior.kind === "unobserved") return;
    known++;
    expect(to.prior).toEqual(from.prior);
  });
  expect(known).toBeGreaterThan(50);
});

it("invariant 3: attempts stay within their bound, and no failed try shortens a wait", () => {
  let failures = 0;
  eachMove((from, to, { event }) => {
    expect(to.attempt).toBeGreaterThanOrEqual(1);
    expect(to.attempt).toBeLessThanOrEqual(RETRY.attemptsMax);
    if (event.kind !== "step-failed" || to.state.phase !== from.state.phase || event.step === "notify") return;
    failures++;
    expect(to.notBefore).toBeGreaterThanOrEqual(from.notBefore);
  });
  expect(failures).toBeGreaterThan(50);
});

it("invariant 12: a second roll back changes nothing", () => {
  let undone = 0;
  const property = fc.property(anyMoments, anyPolicy, (moments, policy) => {
    const last = live(moments, policy).findLast(({ outcome }) => outcome.kind === "moved");
    if (last?.outcome.kind !== "moved") return;
    const once = transition(last.outcome.next, { kind: "restore-requested", at: last.now + 1 }, policy);
    if (once.kind !== "moved") return;
    undone++;
    expect(transition(once.next, { kind: "restore-requested", at: last.now + 2 }, policy).kind).toBe("ignored");
  });
  fc.assert(property, { numRuns: 500 });
  expect(undone).toBeGreaterThan(50);
});

it("coming back from a hold or an exclusion loses nothing, and leaves at least the least notice", () => {
  const seen = { hold: 0, exclusion: 0 };
  const live = fc.constantFrom("queued", "enabled", "notified").chain(enrollmentIn);
  const property = fc.property(live, anyPolicy, fc.boolean(), (row, policy, hold) => {
    const away = movedTo(
      transition(
        row,
        hold
          ? { kind: "held", reason: "on leave", owner: "Dana", at: T0, until: FAR_FUTURE }
          : { kind: "excluded", reason: "service account", at: T0 },
        policy,
      ),
    );
    const back = movedTo(transition(away, { kind: hold ? "released" : "reinstated", at: T0 + 1 }, policy));
    seen[hold ? "hold" : "exclusion"]++;
    const { state } = row;
    const enforceAfter = state.phase === "notified" ? Math.max(state.enforceAfter, T0 + 1 + policy.leastNoticeMs) : 0;
    expect(back).toEqual(state.phase === "notified" ? { ...row, state: { ...state, enforceAfter } } : row);
  });
  fc.assert(property, { numRuns: 500 });
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(50);
});
