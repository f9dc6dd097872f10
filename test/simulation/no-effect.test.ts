// A 204 without effect (F21): looked at later, found, and stopped before a whole tenant is on record for what it does not have.
import { describe, expect, it } from "vitest";
import type { Answer } from "../../shared/domain/failure.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/domain/instant.ts";
import { BATCH_SIZE } from "../../shared/domain/slice.ts";
import { rollBack } from "../../shared/pipeline/roll-back.ts";
import { aSpec, personId, populate } from "../support/memory-people.ts";
import { MemoryWorld, START } from "../support/memory-world.ts";

const ACCEPTED: Answer = { kind: "answered", status: 204, code: "", retryAfterMs: 0 };
const BROKEN: Answer = { kind: "answered", status: 503, code: "ServiceUnavailable", retryAfterMs: 0 };

async function aWorld(users: number, registers: "before" | "never"): Promise<MemoryWorld> {
  // A batch every two seconds, so that a wave is not over before anybody looks.
  const world = new MemoryWorld({ writesPer150s: 300 });
  populate(world, users, () => registers);
  await world.apply(aSpec());
  return world;
}

async function runUntil(world: MemoryWorld, at: number): Promise<void> {
  while (world.clock.now() < at) await world.step();
}

async function stopsOf(world: MemoryWorld) {
  return (await world.deps.control.readControl()).value.rollouts[0]?.stops ?? [];
}

describe("invariant 4: writes that are accepted and have no effect", () => {
  it("pause the wave within minutes, before most of it is on record, and say what was seen", async () => {
    const users = 50 * BATCH_SIZE;
    const world = await aWorld(users, "before");
    await runUntil(world, START + 13 * DAY_MS);
    world.tenant.write = () => ACCEPTED;
    while ((await stopsOf(world)).length === 0 && world.clock.now() < START + 16 * DAY_MS) await world.step();

    const [stop] = await stopsOf(world);
    expect(stop).toMatchObject({ wave: "all", by: "automation" });
    expect(stop?.because).toMatch(/accepted writes of "enforced", and 40 of 40 users looked at later do not have it/);
    const enforced = (await world.enrollments("contoso")).filter(({ state }) => state.phase === "enforced").length;
    expect(enforced).toBeGreaterThan(0);
    expect(enforced).toBeLessThan(users / 2);
  });

  it("are found after enabling as well", async () => {
    const world = await aWorld(BATCH_SIZE, "never");
    world.tenant.write = () => ACCEPTED;
    await runUntil(world, START + 2 * HOUR_MS);

    expect((await stopsOf(world))[0]?.because).toMatch(/writes of "enabled"/);
  });

  it("of a roll back hold the roll back, too", async () => {
    const world = await aWorld(BATCH_SIZE, "before");
    await world.runToEnd("contoso");
    world.tenant.write = () => ACCEPTED;
    await rollBack(world.deps, { rollout: "contoso", scope: { kind: "all" }, by: "ada", reason: "a test", from: null });
    await runUntil(world, world.clock.now() + HOUR_MS);

    expect((await stopsOf(world))[0]).toMatchObject({ restoreToo: true, wave: "all" });
  });
});

describe("a look at samples", () => {
  it("stops nothing where writes have effect, and costs one read for a batch and step", async () => {
    const batches = 5;
    const world = await aWorld(batches * BATCH_SIZE, "before");
    await world.runToEnd("contoso");
    const before = world.tenant.counted("read-state");
    world.clock.moveTo(world.clock.now() + 3 * MINUTE_MS);
    await world.tick();

    expect(await stopsOf(world)).toEqual([]);
    expect(world.tenant.counted("read-state") - before).toBe(batches);
    await world.tick();
    expect(world.tenant.counted("read-state") - before, "once").toBe(batches);
  });

  it("takes one admin's change of one user for what it is", async () => {
    const world = await aWorld(BATCH_SIZE, "before");
    await world.runToEnd("contoso");
    const [batch] = await world.deps.batches.listHeaders("contoso", "all", 0);
    const sampled = batch?.header.sample?.userId ?? "";
    world.tenant.write(sampled, "disabled");
    await runUntil(world, world.clock.now() + 10 * MINUTE_MS);

    expect(sampled).not.toBe("");
    expect(await stopsOf(world)).toEqual([]);
  });

  it("is taken again when nobody answered", async () => {
    const world = await aWorld(1, "before");
    await world.runToEnd("contoso");
    const person = world.tenant.people.get(personId(1));
    if (person !== undefined) person.mfaState = "disabled";
    world.tenant.fault = (call) => (call === "read-state" ? { answer: BROKEN, done: false } : null);
    await runUntil(world, world.clock.now() + 10 * MINUTE_MS);
    expect(await stopsOf(world)).toEqual([]);

    world.tenant.fault = () => null;
    await runUntil(world, world.clock.now() + 3 * MINUTE_MS);
    expect((await stopsOf(world))[0]?.because).toMatch(/1 of 1 users/);
  });
});
