// A permission that is gone says nothing about any user: the rollout pauses with its reason, and goes on when it is back.
import { describe, expect, it } from "vitest";
import type { Answer } from "../../shared/domain/failure.ts";
import { withoutStop } from "../../shared/domain/control.ts";
import { DAY_MS } from "../../shared/domain/instant.ts";
import type { TenantCall } from "../../shared/memory/memory-tenant.ts";
import { aSpec, populate } from "../support/memory-people.ts";
import { MemoryWorld, START } from "../support/memory-world.ts";

const USERS = 6;
const GONE: Answer = { kind: "answered", status: 403, code: "Authorization_RequestDenied", retryAfterMs: 0 };

const LOST: readonly (readonly [TenantCall, string])[] = [
  ["read-state", "Graph refuses to show MFA states"],
  ["write-state", "Graph refuses to set MFA states"],
  ["read-recipient", "Graph refuses to show users"],
  ["mail", "Graph refuses to send mail"],
];

describe("a permission that is gone", () => {
  it.each(LOST)(
    "%s: nobody is judged, the rollout pauses, and a person's resume ends it well",
    async (call, because) => {
      const world = new MemoryWorld();
      // Not registered, so that enabling writes; registered in time, by their own act.
      populate(world, USERS, (index) => (index % 2 === 0 ? 3 : "before"));
      await world.apply(aSpec());
      world.tenant.fault = (asked) => (asked === call ? { answer: GONE, done: false } : null);
      while (world.clock.now() < START + 20 * DAY_MS) await world.step();

      const [rollout] = (await world.deps.control.readControl()).value.rollouts;
      expect(rollout?.stops.map(({ because: said }) => said).join()).toContain(because);
      const paused = await world.enrollments("contoso");
      expect(paused.filter(({ state }) => ["failed", "excluded"].includes(state.phase))).toEqual([]);
      const before = world.tenant.counted(call);
      for (let steps = 0; steps < 50; steps += 1) await world.step();
      expect(world.tenant.counted(call), "nothing more is asked while it is paused").toBe(before);

      world.tenant.fault = () => null;
      await world.deps.control.updateControl((control) => withoutStop(control, "contoso", { wave: "*", by: "ada" }));
      await world.runToEnd("contoso");

      const ended = await world.enrollments("contoso");
      expect(ended.map(({ state }) => state.phase)).toEqual(Array.from({ length: USERS }, () => "enforced"));
      expect([...world.tenant.people.values()].every(({ mails }) => mails.length === 1)).toBe(true);
    },
  );

  it("a lift that comes too early pauses again by the first call, and judges nobody", async () => {
    const world = new MemoryWorld();
    populate(world, USERS, () => 3);
    await world.apply(aSpec());
    world.tenant.fault = (asked) => (asked === "write-state" ? { answer: GONE, done: false } : null);
    while (world.clock.now() < START + DAY_MS) await world.step();
    const stopped = world.tenant.counted("write-state");
    await world.deps.control.updateControl((control) => withoutStop(control, "contoso", { wave: "*", by: "ada" }));
    while (world.clock.now() < START + 2 * DAY_MS) await world.step();

    const [rollout] = (await world.deps.control.readControl()).value.rollouts;
    expect(rollout?.stops).toMatchObject([{ wave: "*", by: "automation" }]);
    // One call, and no more: nobody else was there for a canary.
    expect(world.tenant.counted("write-state")).toBe(stopped + USERS);
    expect((await world.enrollments("contoso")).every(({ state }) => state.phase === "queued")).toBe(true);
  });
});
