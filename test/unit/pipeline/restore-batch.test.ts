// The restore step on one batch: what it refuses to guess, and what it leaves alone.
import { expect, it } from "vitest";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { IN_FLIGHT_MS, READ_LAG_MS } from "../../../shared/domain/policy.ts";
import type { Answer } from "../../../shared/domain/failure.ts";
import { restoreBatch } from "../../../shared/pipeline/restore-batch.ts";
import { inState, T0 } from "../../support/builders.ts";
import { OneBatch } from "../domain/one-batch.ts";

const OFF = { kind: "observed", mfaState: "disabled", at: T0 } as const;
const restoring = (change: Partial<Enrollment> = {}): Enrollment =>
  inState({ phase: "restoring", was: { phase: "queued" }, at: T0 }, { written: "enforced", prior: OFF, ...change });
const GONE: Answer = { kind: "answered", status: 403, code: "Authorization_RequestDenied", retryAfterMs: 0 };

async function aBatch(rows: readonly Enrollment[]): Promise<OneBatch> {
  const one = await OneBatch.open(rows);
  for (const { userId } of rows) one.tenant.write(userId, "enforced");
  one.clock.moveTo(T0 + IN_FLIGHT_MS);
  return one;
}

it("who was written to and has no observed prior fails as prior-unknown, and is not written to", async () => {
  const one = await aBatch([restoring({ prior: { kind: "unobserved" } })]);
  await one.run("restore", restoreBatch);

  expect((await one.rows())[0]?.state).toMatchObject({ phase: "failed", reason: "prior-unknown" });
  expect(one.tenant.counted("write-state")).toBe(0);
});

it("invariant 2: a break-glass account that stands as restoring is not touched, and is not looked at for ever", async () => {
  const row = restoring();
  const one = await aBatch([row]);
  one.deps.breakGlassIds.add(row.userId);
  await one.run("restore", restoreBatch);

  expect((await one.rows())[0]?.state).toMatchObject({ phase: "failed", reason: "protected-object" });
  expect(one.tenant.counted("write-state")).toBe(0);
});

it("invariant 12: a second message finds nothing to do", async () => {
  const one = await aBatch([restoring()]);
  const first = await one.run("restore", restoreBatch);
  const second = await one.run("restore", restoreBatch);

  expect([first.result, second.result]).toEqual(["done", "nothing-due"]);
  expect(one.tenant.counted("write-state")).toBe(1);
});

it("a restore whose answer was lost is recognised by the state that it left, and not written again", async () => {
  const one = await aBatch([restoring()]);
  one.tenant.fault = (call) => (call === "write-state" ? { answer: { kind: "none" }, done: true } : null);
  await one.run("restore", restoreBatch);
  one.tenant.fault = () => null;
  one.clock.moveTo(T0 + READ_LAG_MS + 10 * 60_000);
  await one.run("restore", restoreBatch);

  expect((await one.rows())[0]?.state.phase).toBe("restored");
  expect(one.tenant.counted("write-state")).toBe(1);
});

it("a permission that is gone judges nobody, and makes a stop that holds the roll back too", async () => {
  const rows = [1, 2, 3].map((n) => ({ ...restoring(), userId: `00000000-0000-4000-8000-00000000000${String(n)}` }));
  const one = await aBatch(rows);
  one.tenant.fault = (call) => (call === "write-state" ? { answer: GONE, done: false } : null);
  await one.run("restore", restoreBatch);

  expect((await one.rows()).map(({ state }) => state.phase)).toEqual(["restoring", "restoring", "restoring"]);
  const asked = one.tenant.counted("write-state");
  expect(await one.run("restore", restoreBatch)).toMatchObject({ result: "refused" });
  expect(one.tenant.counted("write-state")).toBe(asked);
});
