// A roll back from the order to the tenant: everybody is back at what was observed before the rollout, and nobody else is touched.
import { describe, expect, it } from "vitest";
import { withoutStop, withStop } from "../../shared/domain/control.ts";
import { UserFault } from "../../shared/domain/fault.ts";
import { DAY_MS, HOUR_MS, SECOND_MS } from "../../shared/domain/instant.ts";
import { HANDLER_DEADLINE_MS } from "../../shared/domain/policy.ts";
import { BATCH_SIZE } from "../../shared/domain/slice.ts";
import type { RollBackOrder, RollBackResult } from "../../shared/pipeline/roll-back.ts";
import { rollBack } from "../../shared/pipeline/roll-back.ts";
import type { BatchStore } from "../../shared/ports/batch-store.ts";
import { Unavailable } from "../../shared/ports/errors.ts";
import { aSpec, personId, populate } from "../support/memory-people.ts";
import { MemoryWorld, START } from "../support/memory-world.ts";

const ORDER = { rollout: "contoso", by: "ada", reason: "the helpdesk drowns", from: null } as const;
const ALL: RollBackOrder = { ...ORDER, scope: { kind: "all" } };
const TWO_WAVES = aSpec({
  waves: [
    { id: "pilot", selector: { kind: "users", users: ["person1@contoso.example"] }, start: "2026-03-02T08:00" },
    { id: "rest", selector: { kind: "share", percent: 100 }, start: "2026-03-06T08:00" },
  ],
});

async function aWorld(users: number, spec = aSpec()): Promise<MemoryWorld> {
  const world = new MemoryWorld({ writesPer150s: 100_000 });
  populate(world, users, (index) => (index % 2 === 0 ? "before" : 3));
  await world.apply(spec);
  return world;
}

async function runUntil(world: MemoryWorld, at: number): Promise<void> {
  while (world.clock.now() < at) await world.step();
}

async function phasesOf(world: MemoryWorld): Promise<readonly string[]> {
  return (await world.enrollments("contoso")).map(({ state }) => state.phase);
}

const statesOf = (world: MemoryWorld): readonly string[] =>
  [...world.tenant.people.values()].map(({ mfaState }) => mfaState);
const all = (users: number, value: string): readonly string[] => Array.from({ length: users }, () => value);

describe("a roll back of a whole rollout", () => {
  it("invariant 12: brings everybody back to the state before, and ordered again changes nothing", async () => {
    const world = await aWorld(6);
    await world.runToEnd("contoso");
    expect(statesOf(world)).toEqual(all(6, "enforced"));

    expect(await rollBack(world.deps, ALL)).toEqual({ restoring: 6, restored: 0, unchanged: 0, next: null });
    await world.runToEnd("contoso");

    expect(await phasesOf(world)).toEqual(all(6, "restored"));
    expect(statesOf(world)).toEqual(all(6, "disabled"));
    const writes = world.tenant.counted("write-state");
    expect(await rollBack(world.deps, ALL)).toEqual({ restoring: 0, restored: 0, unchanged: 6, next: null });
    await runUntil(world, world.clock.now() + DAY_MS);
    expect(world.tenant.counted("write-state")).toBe(writes);
  });

  it("goes to the observed state, which is not always off, and lets alone who was enforced before us", async () => {
    const world = new MemoryWorld();
    populate(world, 3, () => "never");
    for (const [index, state] of [
      [2, "enabled"],
      [3, "enforced"],
    ] as const) {
      const person = world.tenant.people.get(personId(index));
      if (person !== undefined) person.mfaState = state;
    }
    await world.apply(aSpec({ unregistered: { waitDays: 1, then: "enforce", reason: "a test" } }));
    await world.runToEnd("contoso");
    expect(statesOf(world)).toEqual(all(3, "enforced"));

    const { restoring, unchanged } = await rollBack(world.deps, ALL);
    await world.runToEnd("contoso");

    expect({ restoring, unchanged }).toEqual({ restoring: 2, unchanged: 1 });
    expect(statesOf(world)).toEqual(["disabled", "enabled", "enforced"]);
    expect((await phasesOf(world)).toSorted()).toEqual(["enforced", "restored", "restored"]);
  });

  it("is on record with who ordered it and why", async () => {
    const world = await aWorld(1);
    await runUntil(world, START + DAY_MS);
    await rollBack(world.deps, ALL);

    const entries = [];
    for await (const entry of world.deps.batches.readJournal({ rollout: "contoso", wave: "all", batch: 0 }))
      entries.push(entry);
    expect(entries.at(-1)).toMatchObject({ actor: "ada", cause: "roll back: the helpdesk drowns" });
  });

  it("torn in the middle is ordered again and goes on", async () => {
    const users = 3 * BATCH_SIZE;
    const world = await aWorld(users);
    await runUntil(world, START + DAY_MS);
    let saves = 0;
    const { batches } = world.deps;
    const torn: BatchStore = {
      load: (address) => batches.load(address),
      readSeq: (address) => batches.readSeq(address),
      create: (batch) => batches.create(batch),
      listHeaders: (rollout, wave, block) => batches.listHeaders(rollout, wave, block),
      readJournal: (address) => batches.readJournal(address),
      save: async (save) => {
        if (saves === 1) throw new Unavailable("tables", { cause: new Error("torn") });
        saves += 1;
        return batches.save(save);
      },
    };
    await expect(rollBack({ ...world.deps, batches: torn }, ALL)).rejects.toThrow(Unavailable);

    expect(await rollBack(world.deps, ALL)).toEqual({
      restoring: users - BATCH_SIZE,
      restored: 0,
      unchanged: BATCH_SIZE,
      next: null,
    });
    await world.runToEnd("contoso");
    expect(statesOf(world)).toEqual(all(users, "disabled"));
  });

  it("says where to go on when its time is over", async () => {
    const users = 3 * BATCH_SIZE;
    const world = await aWorld(users);
    await runUntil(world, START + DAY_MS);
    let now = world.clock.now();
    const slow = { ...world.deps, clock: { now: () => (now += HANDLER_DEADLINE_MS / 60) } };
    let from: RollBackResult["next"] = null;
    let [calls, marked] = [0, 0];
    do {
      const result: RollBackResult = await rollBack(slow, { ...ALL, from });
      marked += result.restoring;
      from = result.next;
      calls += 1;
    } while (from !== null);

    expect(calls).toBeGreaterThan(1);
    expect(marked).toBe(users);
  });
});

describe("a roll back of some", () => {
  it("of a wave and of named users leaves the others to their rollout", async () => {
    const world = await aWorld(6, TWO_WAVES);
    await runUntil(world, START + 7 * DAY_MS);
    await rollBack(world.deps, { ...ORDER, scope: { kind: "wave", wave: "pilot" } });
    const users = [personId(2), personId(3)];
    expect(await rollBack(world.deps, { ...ORDER, scope: { kind: "users", users } })).toMatchObject({ restoring: 2 });
    await world.runToEnd("contoso");

    const phases = new Map((await world.enrollments("contoso")).map(({ userId, state }) => [userId, state.phase]));
    expect([1, 2, 3, 4, 5, 6].map((index) => phases.get(personId(index)))).toEqual([
      ...all(3, "restored"),
      ...all(3, "enforced"),
    ]);
    expect(statesOf(world)).toEqual([...all(3, "disabled"), ...all(3, "enforced")]);
  });

  it("of a wave that has not begun takes its users out without a write", async () => {
    const world = await aWorld(4, TWO_WAVES);

    expect(await rollBack(world.deps, ALL)).toEqual({ restoring: 0, restored: 4, unchanged: 0, next: null });
    await runUntil(world, START + 10 * DAY_MS);

    expect(world.tenant.counted("write-state")).toBe(0);
    expect(world.tenant.counted("mail")).toBe(0);
  });

  it.each<readonly [string, RollBackOrder, RegExp]>([
    ["a rollout that is not there", { ...ALL, rollout: "fabrikam" }, /no rollout is named fabrikam/],
    ["a wave that is not there", { ...ORDER, scope: { kind: "wave", wave: "third" } }, /Take one of all/],
    [
      "a user of no rollout among others",
      { ...ORDER, scope: { kind: "users", users: [personId(1), personId(99)] } },
      /not in rollout contoso/,
    ],
    ["a place to go on that is not there", { ...ALL, from: { wave: "all", batch: 7 } }, /no such batch/],
  ])("%s is refused, and nobody is touched", async (_, order, text) => {
    const world = await aWorld(2);
    await runUntil(world, START + DAY_MS);
    const before = await phasesOf(world);

    await expect(rollBack(world.deps, order)).rejects.toThrow(UserFault);
    await expect(rollBack(world.deps, order)).rejects.toThrow(text);
    expect(await phasesOf(world)).toEqual(before);
  });

  it("invariant 2: a break-glass account that stands among the users is not touched", async () => {
    const world = await aWorld(2);
    await world.runToEnd("contoso");
    world.deps.breakGlassIds.add(personId(1));

    expect(await rollBack(world.deps, ALL)).toMatchObject({ restoring: 1, unchanged: 1 });
    await world.runToEnd("contoso");
    expect(statesOf(world)).toEqual(["enforced", "disabled"]);
  });
});

describe("a roll back and a pause", () => {
  it("invariant 6: goes on in a rollout that a person paused, while nothing else does", async () => {
    const world = await aWorld(6, TWO_WAVES);
    await runUntil(world, START + DAY_MS);
    const stop = { wave: "*", because: "a fire drill", by: "ada", at: world.clock.now() };
    await world.deps.control.updateControl((control) => withStop(control, "contoso", stop));
    await rollBack(world.deps, { ...ORDER, scope: { kind: "wave", wave: "pilot" } });
    const mails = world.tenant.counted("mail");
    await runUntil(world, START + 9 * DAY_MS);

    const phases = new Map((await world.enrollments("contoso")).map(({ userId, state }) => [userId, state.phase]));
    expect(phases.get(personId(1))).toBe("restored");
    expect([2, 3, 4, 5, 6].map((index) => phases.get(personId(index)))).toEqual(all(5, "queued"));
    expect(world.tenant.counted("mail")).toBe(mails);
  });

  it("invariant 6: waits under a stop that says so, and goes on when a person lifts it", async () => {
    const world = await aWorld(2);
    await world.runToEnd("contoso");
    const stop = { wave: "*", because: "a fire drill", by: "ada", at: world.clock.now(), restoreToo: true };
    await world.deps.control.updateControl((control) => withStop(control, "contoso", stop));
    await rollBack(world.deps, ALL);
    await runUntil(world, world.clock.now() + HOUR_MS);
    expect(statesOf(world)).toEqual(all(2, "enforced"));

    await world.deps.control.updateControl((control) => withoutStop(control, "contoso", { wave: "*", by: "ada" }));
    await world.runToEnd("contoso");
    expect(statesOf(world)).toEqual(all(2, "disabled"));
  });
});

it("a write that was in flight when the roll back was ordered does not survive it", async () => {
  const world = await aWorld(2);
  await runUntil(world, START + 10 * DAY_MS);
  await rollBack(world.deps, ALL);
  // The longest that a call lives which had its guard just before the order.
  world.at(world.clock.now() + 31 * SECOND_MS, () => {
    for (const index of [1, 2]) world.tenant.write(personId(index), "enforced");
  });
  await world.runToEnd("contoso");

  expect(statesOf(world)).toEqual(all(2, "disabled"));
});

it("a look that is older than our last write is not believed: it is taken again before anybody is called restored", async () => {
  const world = await aWorld(2);
  await world.runToEnd("contoso");
  const real = world.deps.directory;
  await rollBack(world.deps, ALL);
  const lagsUntil = world.clock.now() + 90 * SECOND_MS;
  // What Graph showed before our write, for a while.
  const read = real.readMfaStates.bind(real);
  real.readMfaStates = async (users) =>
    world.clock.now() < lagsUntil ? users.map(() => ({ kind: "read", value: "disabled" })) : await read(users);
  await world.runToEnd("contoso");

  expect(await phasesOf(world)).toEqual(all(2, "restored"));
  expect(statesOf(world)).toEqual(all(2, "disabled"));
});
