// What an admin takes back (F27, invariant 7): repaired once, held the second time with the admin's name, and many at once pause.
import { describe, expect, it } from "vitest";
import { withoutStop } from "../../shared/domain/control.ts";
import { areMany, MANY_REVERTS, ROUND_MS } from "../../shared/domain/drift.ts";
import { DAY_MS, HOUR_MS } from "../../shared/domain/instant.ts";
import { BATCH_SIZE } from "../../shared/domain/slice.ts";
import { watchDrift } from "../../shared/pipeline/watch-drift.ts";
import { aSpec, personId, populate } from "../support/memory-people.ts";
import { MemoryWorld } from "../support/memory-world.ts";

const ADMIN = "grace@contoso.example";

async function anEnforcedWorld(users: number): Promise<MemoryWorld> {
  const world = new MemoryWorld({ writesPer150s: 1_000_000 });
  populate(world, users, (index) => (index % 2 === 0 ? "before" : 3));
  await world.apply(aSpec());
  await world.runToEnd("contoso");
  await runFor(world, HOUR_MS);
  return world;
}

async function runFor(world: MemoryWorld, ms: number): Promise<void> {
  const end = world.clock.now() + ms;
  while (world.clock.now() < end) await world.step();
}

function revert(world: MemoryWorld, ...people: readonly number[]): void {
  for (const index of people) world.tenant.revert(personId(index), ADMIN, world.clock.now());
}

async function rowOf(world: MemoryWorld, index: number) {
  return (await world.enrollments("contoso")).find(({ userId }) => userId === personId(index));
}

async function stopsOf(world: MemoryWorld) {
  return (await world.deps.control.readControl()).value.rollouts[0]?.stops ?? [];
}

describe("invariant 7: a state that an admin takes back", () => {
  it.each([
    [1, "enforced by the user's own registration"],
    [2, "written by us"],
  ])("is set once more within a week (user %i, %s)", async (index) => {
    const world = await anEnforcedWorld(12);
    revert(world, index);
    // Who was never told before is told now, and has the grace of everybody.
    await runFor(world, ROUND_MS + 20 * DAY_MS);

    expect(world.tenant.people.get(personId(index))?.mfaState).toBe("enforced");
    expect(await rowOf(world, index)).toMatchObject({ reverts: 1, state: { phase: "enforced" } });
    expect(await stopsOf(world)).toEqual([]);
  });

  it("a second time is held without an end, with the admin's name, and not set again", async () => {
    const world = await anEnforcedWorld(12);
    revert(world, 2);
    await runFor(world, ROUND_MS + DAY_MS);
    revert(world, 2);
    await runFor(world, ROUND_MS + DAY_MS);

    const writes = world.tenant.people.get(personId(2))?.writes.length;
    expect(await rowOf(world, 2)).toMatchObject({
      reverts: 2,
      state: { phase: "held", reason: `reverted-by-admin: ${ADMIN}`, owner: "automation" },
    });
    await runFor(world, 4 * ROUND_MS);
    expect(world.tenant.people.get(personId(2))?.writes).toHaveLength(writes ?? 0);
    expect(world.tenant.people.get(personId(2))?.mfaState).toBe("disabled");
  });

  it("is held without a name when the audit does not answer", async () => {
    const world = await anEnforcedWorld(12);
    world.tenant.fault = (call) => (call === "read-audit" ? "unavailable" : null);
    revert(world, 2);
    await runFor(world, ROUND_MS + DAY_MS);
    revert(world, 2);
    await runFor(world, ROUND_MS + DAY_MS);

    expect((await rowOf(world, 2))?.state).toMatchObject({ phase: "held", reason: "reverted-by-admin" });
  });

  it("for many at once pauses the rollout before anybody is set again, and a person's resume repairs them", async () => {
    const users = 2 * BATCH_SIZE;
    const world = await anEnforcedWorld(users);
    revert(world, ...Array.from({ length: users }, (_, index) => index + 1));
    const writes = world.tenant.counted("write-state");
    await runFor(world, 2 * DAY_MS);

    expect((await stopsOf(world))[0]).toMatchObject({ wave: "*", by: "automation" });
    expect((await stopsOf(world))[0]?.because).toMatch(/MFA states were taken back within a day/);
    expect(world.tenant.counted("write-state")).toBe(writes);

    await world.deps.control.updateControl((control) => withoutStop(control, "contoso", { wave: "*", by: "ada" }));
    await runFor(world, HOUR_MS);
    expect(world.tenant.counted("write-state")).toBeGreaterThan(writes);
  });
});

describe("many reverts", () => {
  const at = 0;
  const enforcedIn = (count: number) => (): number => count;

  it("are five in a rollout, or a fifth of a wave but more than one", () => {
    expect(areMany([{ at, wave: "w", count: MANY_REVERTS }], enforcedIn(1_000_000))).toBe(true);
    expect(areMany([{ at, wave: "w", count: MANY_REVERTS - 1 }], enforcedIn(1_000_000))).toBe(false);
    expect(areMany([{ at, wave: "w", count: 2 }], enforcedIn(10))).toBe(true);
    expect(areMany([{ at, wave: "w", count: 2 }], enforcedIn(11))).toBe(false);
    expect(areMany([{ at, wave: "w", count: 1 }], enforcedIn(1))).toBe(false);
  });
});

it("everybody who is enforced is looked at within a week, a part of them at a time", async () => {
  const batches = 56;
  const world = await anEnforcedWorld(batches * BATCH_SIZE);
  await watchDrift(world.deps);
  const looked = new Set<string>();
  const real = world.deps.directory.readMfaStates.bind(world.deps.directory);
  world.deps.directory.readMfaStates = async (users) => {
    for (const user of users) looked.add(user);
    return real(users);
  };
  let most = 0;
  for (let run = 0; run < 28; run += 1) {
    world.clock.moveTo(world.clock.now() + 6 * HOUR_MS);
    most = Math.max(most, (await watchDrift(world.deps)).batches);
  }

  expect(looked.size).toBe(batches * BATCH_SIZE);
  expect(most).toBe(batches / 28);
});
