// What the planner waits for wakes it, although nothing else is due then: the clock has jumped straight to it.
import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/domain/instant.ts";
import { aSpec, personId, populate } from "../support/memory-people.ts";
import { MemoryWorld, START } from "../support/memory-world.ts";

/** 08:00 in Berlin. */
const WAVE_STARTS = START + HOUR_MS;

async function waveOf(world: MemoryWorld, id: string) {
  const view = await world.deps.rollouts.read("contoso");
  const wave = view?.waves.find(({ value }) => value.id === id)?.value;
  if (wave === undefined) throw new Error(`there is no wave ${id}`);
  return wave;
}

async function stepUntil(world: MemoryWorld, at: number): Promise<void> {
  while (world.clock.now() < at) await world.step();
}

describe("clock 18: the planner is woken by", () => {
  it("the start of a wave", async () => {
    const world = new MemoryWorld();
    populate(world, 1, () => "before");
    await world.apply(aSpec());

    await stepUntil(world, WAVE_STARTS + MINUTE_MS);

    expect((await waveOf(world, "all")).openedAt).toBe(WAVE_STARTS);
  });

  it("the end of the former wave's soak", async () => {
    const world = new MemoryWorld();
    populate(world, 2, () => "before");
    const pilot = { kind: "users", users: ["person1@contoso.example"] } as const;
    await world.apply(
      aSpec({
        waves: [
          { id: "pilot", selector: pilot, start: "2026-03-02T08:00" },
          { id: "rest", selector: { kind: "share", percent: 100 }, start: "2026-03-02T09:00" },
        ],
        soakDays: 3,
      }),
    );

    await stepUntil(world, WAVE_STARTS + 4 * DAY_MS);

    const { launchedAt } = await waveOf(world, "pilot");
    expect(launchedAt).toBeGreaterThan(0);
    expect((await waveOf(world, "rest")).openedAt).toBe(Math.ceil((launchedAt + 3 * DAY_MS) / MINUTE_MS) * MINUTE_MS);
  });

  it("the deadline that a mail has printed, and the end of the wait for who has not registered", async () => {
    const world = new MemoryWorld();
    populate(world, 2, (index) => (index === 1 ? "before" : "never"));
    await world.apply(aSpec());
    await stepUntil(world, WAVE_STARTS + DAY_MS);
    const deadlines = (await world.enrollments("contoso")).map(({ state }) =>
      state.phase === "notified" ? state.enforceAfter : 0,
    );
    const deadline = Math.max(...deadlines);

    await world.runToEnd("contoso");

    const ends = new Map((await world.enrollments("contoso")).map(({ userId, state }) => [userId, state]));
    const [enforced, excluded] = [ends.get(personId(1)), ends.get(personId(2))];
    const enforcedAt = enforced?.phase === "enforced" ? enforced.enforcedAt : 0;
    const excludedAt = excluded?.phase === "excluded" ? excluded.at : 0;
    expect(enforcedAt - deadline).toBeGreaterThanOrEqual(0);
    expect(enforcedAt - deadline).toBeLessThan(2 * MINUTE_MS);
    expect(excludedAt - (deadline + 14 * DAY_MS)).toBeGreaterThanOrEqual(0);
    expect(excludedAt - (deadline + 14 * DAY_MS)).toBeLessThan(2 * MINUTE_MS);
  });

  it("the daily look at the break-glass accounts", async () => {
    const world = new MemoryWorld();
    populate(world, 1, () => "before");
    await world.apply(aSpec());

    await stepUntil(world, START + 60 * HOUR_MS);

    // At the start, and one and two days later.
    expect(world.tenant.counted("read-break-glass")).toBe(3);
  });

  it("a mailbox that may send again after its day", async () => {
    const world = new MemoryWorld({ mailsPerDay: 2, noticeSenders: ["one@contoso.example"] });
    populate(world, 3, () => "before");
    await world.apply(aSpec());

    await stepUntil(world, WAVE_STARTS + 2 * DAY_MS);

    const sentAt = [...world.tenant.people.values()]
      .flatMap(({ mails }) => mails.map(({ at }) => at))
      .sort((a, b) => a - b);
    expect(sentAt).toHaveLength(3);
    const [first = 0, , third = 0] = sentAt;
    expect(third - first).toBeGreaterThanOrEqual(DAY_MS);
    expect(third - first).toBeLessThan(DAY_MS + 3 * HOUR_MS);
  });

  it("the end of a rest that a service asked for", async () => {
    const world = new MemoryWorld();
    populate(world, 1, () => "before");
    await world.apply(aSpec());
    const until = WAVE_STARTS + 3 * HOUR_MS;
    await world.deps.control.updateControl((control) => ({
      ...control,
      notBefore: { ...control.notBefore, mail: until },
    }));

    await stepUntil(world, until + 10 * MINUTE_MS);

    const [mail] = world.tenant.people.get(personId(1))?.mails ?? [];
    expect((mail?.at ?? 0) - until).toBeGreaterThanOrEqual(0);
    expect((mail?.at ?? 0) - until).toBeLessThan(3 * MINUTE_MS);
  });
});
