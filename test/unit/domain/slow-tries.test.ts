// A token or a mailbox that is refused is rarely the user's own fault: nobody is tried for ever because of it, and nobody fails quickly.
import { describe, expect, it } from "vitest";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { classify } from "../../../shared/domain/failure.ts";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import { DAY_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import { RETRY } from "../../../shared/domain/policy.ts";
import { slowRetryMs } from "../../../shared/domain/retry.ts";
import { transition } from "../../../shared/domain/transition.ts";
import { enforceBatch } from "../../../shared/pipeline/enforce-batch.ts";
import { aFailure, answered, aPolicy, inState, movedTo, notified, openClaim, T0 } from "../../support/builders.ts";
import { OneBatch } from "./one-batch.ts";

const policy = aPolicy();
const REFUSED = answered(401, "InvalidAuthenticationToken");
const due = (name: string): Enrollment =>
  inState(notified({ toldAt: T0 - 30 * DAY_MS, enforceAfter: T0 - DAY_MS }), { userId: deriveGuid(name) });

/** A batch of these, all registered; the named ones are refused each write. */
async function aBatch(names: readonly string[], refused: readonly string[]): Promise<OneBatch> {
  const one = await OneBatch.open(names.map(due));
  for (const name of names) one.tenant.register(deriveGuid(name));
  const ids = refused.map(deriveGuid);
  one.tenant.fault = (call, userId) =>
    call === "write-state" && ids.includes(userId) ? { answer: REFUSED, done: false } : null;
  return one;
}

describe("a 401 for one user alone", () => {
  it("invariant 3: is tried a bounded number of times, ever more slowly, and then fails with its reason", async () => {
    const one = await aBatch(["fine", "refused"], ["refused"]);
    const tries: number[] = [];

    for (let times = 0; times < 50; times++) {
      const before = one.tenant.counted("write-state");
      await one.run("enforce", enforceBatch);
      if (one.tenant.counted("write-state") > before) tries.push(one.clock.now());
      const [fine, refused] = await one.rows();
      expect(fine?.state.phase).toBe("enforced");
      if (refused === undefined || refused.state.phase === "failed") break;
      one.clock.moveTo(refused.notBefore);
    }

    const [, refused] = await one.rows();
    expect(refused?.state).toMatchObject({ phase: "failed", reason: "token-refused" });
    expect(tries).toHaveLength(RETRY.attemptsMax);
    expect((tries.at(-1) ?? 0) - T0, "longer than a night").toBeGreaterThan(DAY_MS);
    expect((tries[1] ?? 0) - T0, "a refusal that was chance costs a minute").toBe(MINUTE_MS);
  });
});

describe("a 401 for all users of a call", () => {
  it("is no attempt of anybody, and pauses the rollout", async () => {
    const one = await aBatch(["one", "two"], ["one", "two"]);

    await one.run("enforce", enforceBatch);

    expect((await one.rows()).map(({ state, attempt, notBefore }) => [state.phase, attempt, notBefore])).toEqual([
      ["notified", 1, 0],
      ["notified", 1, 0],
    ]);
    expect((await one.deps.control.readControl()).value.rollouts[0]?.stops).toHaveLength(1);
  });
});

describe("a mailbox that cannot send", () => {
  const unusable = classify("mail", answered(404, "ErrorInvalidUser"));

  it("costs its user one slow try each time, and takes the claim back", () => {
    if (unusable.kind === "done") throw new Error("it was done");
    let row = inState({ phase: "enabled", enabledAt: T0, notice: "first-notice" });
    const waits: number[] = [];
    let at = T0;
    while (row.state.phase === "enabled") {
      const { failure } = unusable;
      const claimed = { ...row, claim: openClaim("first-notice", at) };
      const event = { kind: "step-failed", step: "notify", notice: "first-notice", failure, at } as const;
      row = movedTo(transition(claimed, { ...event, notBefore: at + 2_000 }, policy));
      expect(row.claim).toEqual({ kind: "none" });
      if (row.state.phase === "enabled") waits.push(row.notBefore - at);
      at = Math.max(at, row.notBefore);
    }

    expect(row.state).toMatchObject({ phase: "failed", reason: "sender-unusable" });
    expect(waits).toEqual([1, 2, 3, 4, 5, 6, 7].map(slowRetryMs));
    expect(at - T0).toBeGreaterThan(DAY_MS);
  });
});

describe("the wait after a refusal that is not the user's own", () => {
  it("grows from a minute to a day", () => {
    const minutes = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => slowRetryMs(attempt) / MINUTE_MS);

    expect(minutes).toEqual([1, 4, 16, 64, 256, 1_024, 1_440, 1_440]);
  });

  it("is never shorter than what the tenant asked", () => {
    const failure = aFailure({ scope: "circuit", reason: "token-refused" });
    const event = { kind: "step-failed", step: "enforce", failure, at: T0, notBefore: T0 + 3 * DAY_MS } as const;

    expect(movedTo(transition(due("asked"), event, policy)).notBefore).toBe(T0 + 3 * DAY_MS);
  });

  it("does not lengthen the wait after a failure of the user's own", () => {
    const event = { kind: "step-failed", step: "enforce", failure: aFailure(), at: T0, notBefore: T0 + 2_000 } as const;

    expect(movedTo(transition(due("own"), event, policy)).notBefore).toBe(T0 + 2_000);
  });
});
