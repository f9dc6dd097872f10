// What the pipeline asks of tables and queues, counted: exact on every machine.
import { beforeAll, describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/domain/instant.ts";
import type { Step } from "../../shared/domain/names.ts";
import { BATCH_SIZE } from "../../shared/domain/slice.ts";
import { rollBack } from "../../shared/pipeline/roll-back.ts";
import { aSpec, populate } from "../support/memory-people.ts";
import { MemoryWorld, START } from "../support/memory-world.ts";

const BATCHES = 10;
const USERS = BATCHES * BATCH_SIZE;

/** For each 40 users. */
const BUDGET: Readonly<Record<Step, { readonly transactions: number }>> = {
  enable: { transactions: 2.2 },
  notify: { transactions: 2.2 },
  enforce: { transactions: 1.2 },
  restore: { transactions: 1.2 },
};
const READS = 5;
const MESSAGES = 1.1;

describe("a whole rollout of full batches", () => {
  let world: MemoryWorld;
  let enforced: readonly string[];

  beforeAll(async () => {
    // Everybody by our own hand: half are registered before, so that enforce writes; the others register in time.
    world = new MemoryWorld({ writesPer150s: 1_000_000 });
    populate(world, USERS, () => "before");
    await world.apply(aSpec());
    await world.runToEnd("contoso");
    enforced = [...world.tenant.people.values()].map(({ writes }) => writes.join());
    const scope = { kind: "all" } as const;
    await rollBack(world.deps, { rollout: "contoso", scope, by: "ada", reason: "to count it", from: null });
    await world.runToEnd("contoso");
  }, 60_000);

  for (const [step, { transactions }] of Object.entries(BUDGET)) {
    it(`${step}: at most ${String(transactions)} write transactions, ${String(READS)} reads and ${String(MESSAGES)} messages for each 40 users`, () => {
      const spent = [...world.spent].find(([name]) => name === step)?.[1] ?? { read: 0, transaction: 0, messages: 0 };
      const forties = USERS / 40;

      expect(spent.messages, "it was done at all").toBeGreaterThanOrEqual(BATCHES);
      expect(spent.transaction / forties).toBeLessThanOrEqual(transactions);
      expect(spent.read / forties).toBeLessThanOrEqual(READS);
      expect(spent.messages / forties).toBeLessThanOrEqual(MESSAGES);
    });
  }

  it("everybody was enforced by one write each", () => {
    expect(enforced).toEqual(Array.from({ length: USERS }, () => "enforced"));
  });
});

it("who never registers costs a batch one message a week after the deadline, not one a day", async () => {
  const world = new MemoryWorld({ writesPer150s: 1_000_000 });
  populate(world, USERS, (index) => (index % BATCH_SIZE === 0 ? "never" : "before"));
  await world.apply(aSpec());
  await world.runToEnd("contoso");

  // At the deadline, a week later, and at the end of the wait of 14 days.
  const messages = world.spent.get("enforce")?.messages ?? 0;
  expect(messages).toBeGreaterThanOrEqual(3 * BATCHES);
  expect(messages).toBeLessThanOrEqual(3 * BATCHES * MESSAGES);
});

describe("a tick with nothing due", () => {
  for (const batches of [1, 10, 120]) {
    it(`is at most five table operations and one a block, with ${String(batches)} batches`, async () => {
      const world = new MemoryWorld({ writesPer150s: 1_000_000 });
      populate(world, batches * BATCH_SIZE, () => "never");
      await world.apply(aSpec());
      // Everybody has been told, and the deadline is days away.
      while (world.clock.now() < START + DAY_MS) await world.step();
      const blocks = Math.ceil(batches / 100);
      const quiet = START + DAY_MS + 12 * HOUR_MS;
      world.clock.moveTo(quiet);
      await world.tick();
      world.clock.moveTo(quiet + MINUTE_MS);
      const before = { ...world.counts };

      const { released } = await world.tick();

      expect(released).toBe(0);
      expect(world.tenant.counted("mail")).toBe(batches * BATCH_SIZE);
      expect(world.counts.read - before.read + world.counts.transaction - before.transaction).toBeLessThanOrEqual(
        5 + blocks,
      );
    });
  }
});
