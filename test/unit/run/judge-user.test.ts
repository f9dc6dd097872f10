// The judge of a run must be able to say no: each of its checks is shown a user for whom it fails.
import { describe, expect, it } from "vitest";
import { Checks, countDuplicates, isMismatch, judgeUser } from "../../../apps/local/run/judge-user.ts";
import type { Account } from "../../../apps/local/run/judge-user.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { DAY_MS, HOUR_MS } from "../../../shared/domain/instant.ts";
import type { Policy } from "../../../shared/domain/policy.ts";
import { aPolicy, inState, notified, T0, USER } from "../../support/builders.ts";

const DEADLINE = T0 + 7 * DAY_MS;
const enforced = inState(
  { phase: "enforced", enforcedAt: DEADLINE, how: "written", told: { kind: "not-told" } },
  { written: "enforced" },
);
const right: Account = {
  id: USER,
  mfaState: "enforced",
  isBreakGlass: false,
  registeredAt: T0 + DAY_MS,
  writes: [
    { at: T0, requested: "enabled" },
    { at: DEADLINE, requested: "enforced" },
  ],
  mails: [{ at: T0, rollout: "r", notice: "first-notice" }],
};
const binding = (at: number): Account => ({ ...right, writes: [{ at, requested: "enforced" }] });

function violations(seen: Account, enrollment: Enrollment = enforced, policy: Policy = aPolicy()): readonly string[] {
  const checks = new Checks();
  judgeUser(checks, enrollment, seen, policy);
  expect(checks.checked).toBeGreaterThan(0);
  return checks.violations;
}

describe("the judge of a user", () => {
  it("invariant 1: has nothing against who was told, waited for and registered", () => {
    expect(violations(right)).toEqual([]);
  });

  it.each([
    ["never told", { ...right, mails: [] }, "never told"],
    ["told only afterwards", { ...right, mails: [{ at: DEADLINE + 1, rollout: "r", notice: "n" }] }, "never told"],
    ["enforced within the grace", binding(DEADLINE - 2 * HOUR_MS), "within the grace"],
    [
      "enforced too soon after a later notice",
      { ...right, mails: [...right.mails, { at: DEADLINE - DAY_MS, rollout: "r", notice: "follow-up-1" }] },
      "too soon after its last notice",
    ],
    ["without a method", { ...right, registeredAt: null }, "without a method"],
    ["registered only afterwards", { ...right, registeredAt: DEADLINE + 1 }, "without a method"],
    ["enabled while registered for long", { ...right, registeredAt: T0 - 3 * DAY_MS }, "binds at once"],
  ])("invariant 1: objects to who was %s", (_, seen, said) => {
    expect(violations(seen).join("\n")).toContain(said);
  });

  it("lets a spec that says so enforce who is not registered, and enable who is", () => {
    expect(violations({ ...right, registeredAt: null }, enforced, aPolicy({ unregisteredThen: "enforce" }))).toEqual(
      [],
    );
    expect(violations({ ...right, registeredAt: 0 }, enforced, aPolicy({ registered: "at-once" }))).toEqual([]);
  });

  it("invariant 2: objects to a write for who was excluded before anything began", () => {
    const excluded = inState({ phase: "excluded", was: { phase: "queued" }, reason: "asked for", at: T0 });
    expect(violations({ ...right, writes: [] }, excluded)).toEqual([]);
    expect(violations(right, excluded).join("\n")).toContain("2: ");
  });

  it("invariant 4: objects to a success that the tenant never saw", () => {
    expect(violations({ ...right, writes: [] }).join("\n")).toContain("no such write");
  });

  it("finds rows that are not as the tenant is, and mails that came twice", () => {
    expect(isMismatch(enforced, right)).toBe(false);
    expect(isMismatch(enforced, { ...right, mfaState: "enabled" })).toBe(true);
    expect(isMismatch(inState(notified()), right)).toBe(true);
    expect(countDuplicates(right)).toBe(0);
    expect(countDuplicates({ ...right, mails: [...right.mails, ...right.mails] })).toBe(1);
  });
});
