// What the planner must remember of a rate from one tick to the next, and across a restart: the ledger row is all that there is.
import { describe, expect, it } from "vitest";
import { NEW_CONTROL } from "../../../shared/domain/control.ts";
import { FAR_FUTURE, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { Ledger } from "../../../shared/domain/ledger.ts";
import { adaptRate, budgetFrom, newLedger } from "../../../shared/domain/ledger.ts";
import { planWaves } from "../../../shared/pipeline/plan-waves.ts";
import { T0 } from "../../support/builders.ts";
import { OneBatch } from "./one-batch.ts";

const budget = budgetFrom({ writesPer150s: 3_000, mailsPerMinute: 30, mailsPerDay: 10_000 });
/** The tenant refuses again and again: the rate is as low as it may be. */
const LEAST = 0.5;

/** Ticks at these minutes after a 429 at `throttledAt`; each reads what the one before has stored. */
async function ticks(ledger: Ledger, throttledAt: number, minutes: readonly number[]) {
  const one = await OneBatch.open([]);
  const { deps } = one;
  await deps.control.updateControl(() => ({ ...NEW_CONTROL, throttledAt }));
  await deps.control.saveLedger({ ...ledger, wakeAt: FAR_FUTURE }, null);
  const stored: Awaited<ReturnType<typeof deps.control.readLedger>>[] = [];
  for (const minute of minutes) {
    one.clock.moveTo(T0 + minute * MINUTE_MS);
    await planWaves({ ...deps, budget });
    stored.push(await deps.control.readLedger());
  }
  return stored;
}

describe("invariant 11: the answer to a 429 is kept by the ledger", () => {
  it("also where the rate cannot fall any lower, so that it climbs with the next clean minute", async () => {
    const full = newLedger(budget, T0);
    const low = {
      ...full,
      loweredAt: T0 - 10 * MINUTE_MS,
      graph: { ...full.graph, ratePerSecond: LEAST, capacity: 75 },
    };

    const stored = await ticks(low, T0, [0, 0.5, 1]);

    expect(stored.map((kept) => kept?.value.loweredAt)).toEqual([T0, T0, T0 + MINUTE_MS]);
    expect(stored.map((kept) => kept?.value.graph.ratePerSecond)).toEqual([LEAST, LEAST, LEAST + 1]);
  });

  it("and nothing is written for clean minutes at the target", async () => {
    const [first, ...later] = await ticks({ ...newLedger(budget, T0), loweredAt: T0 }, T0, [1, 2, 3, 60]);

    expect(later.map((kept) => kept?.etag)).toEqual(Array(3).fill(first?.etag));
  });
});

it("a 429 after clean minutes at the target lowers the rate at once, whatever part of a minute has passed", () => {
  const clean = adaptRate(
    { ...newLedger(budget, T0), loweredAt: T0 },
    { ...NEW_CONTROL, throttledAt: T0 },
    { budget, now: T0 + 5 * MINUTE_MS },
  );
  const now = T0 + 5 * MINUTE_MS + 1_000;

  expect(adaptRate(clean, { ...NEW_CONTROL, throttledAt: now }, { budget, now }).graph.ratePerSecond).toBeCloseTo(
    budget.graphPerSecond * 0.6,
  );
});
