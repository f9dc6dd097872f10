// The embedded clock jumps to what the planner says it waits for. That must change nothing but how often it looks.
import { expect, it } from "vitest";
import type { Answer } from "../../shared/domain/failure.ts";
import { SeededRandom } from "../../shared/memory/seeded-chance.ts";
import { aSpec, populate } from "../support/memory-people.ts";
import { MemoryWorld } from "../support/memory-world.ts";

const SPEC = aSpec({
  waves: [
    { id: "pilot", selector: { kind: "users", users: ["person1@contoso.example"] }, start: "2026-03-02T08:00" },
    { id: "rest", selector: { kind: "share", percent: 100 }, start: "2026-03-03T08:00" },
  ],
  graceDays: 1,
  leastNoticeDays: 1,
  soakDays: 1,
  unregistered: { waitDays: 1, then: "exclude", reason: "not registered in time" },
});
const THROTTLED: Answer = { kind: "answered", status: 429, code: "TooManyRequests", retryAfterMs: 90_000 };

async function run(ticks: "when-needed" | "each-minute", throttledShare: number): Promise<MemoryWorld> {
  const world = new MemoryWorld({ ticks });
  populate(world, 8, (index) => (index % 4 === 0 ? "never" : index % 4 === 1 ? "before" : index / 8));
  await world.apply(SPEC);
  const random = new SeededRandom(7);
  world.tenant.fault = (call) =>
    call === "write-state" && random.next() < throttledShare ? { answer: THROTTLED, done: false } : null;
  await world.runToEnd(SPEC.rollout);
  return world;
}

it.each([
  ["in peace", 0],
  ["with writes throttled", 0.4],
])("clock 9: jumping to what the planner waits for ends as looking each minute does: %s", async (_, share) => {
  const [jumping, looking] = [await run("when-needed", share), await run("each-minute", share)];

  const seen = (world: MemoryWorld): unknown =>
    [...world.tenant.people.values()].map(({ user, mfaState, writes, mails }) => {
      return { id: user.id, mfaState, writes, mails: mails.map(({ at, mail }) => [at, mail.notice, mail.subject]) };
    });
  expect(seen(jumping)).toEqual(seen(looking));
  const states = async (world: MemoryWorld): Promise<unknown> =>
    (await world.enrollments(SPEC.rollout)).map(({ userId, state }) => [userId, state]);
  expect(await states(jumping)).toEqual(await states(looking));
  // Else nothing was jumped over, and nothing shown.
  expect(looking.looks).toBeGreaterThan(10 * jumping.looks);
});
