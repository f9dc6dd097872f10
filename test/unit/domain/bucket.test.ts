// Token buckets and the rolling day, over random schedules.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { DayCount } from "../../../shared/domain/bucket.ts";
import {
  countMails,
  fullBucket,
  giveBack,
  nextRoom,
  refill,
  roomToday,
  take,
  whenAffordable,
} from "../../../shared/domain/bucket.ts";
import { DAY_MS, HOUR_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import { T0 } from "../../support/builders.ts";

const anyCosts = fc.array(
  fc.record({ cost: fc.integer({ min: 1, max: 30 }), waitMs: fc.integer({ min: 0, max: 20_000 }) }),
  {
    minLength: 5,
    maxLength: 50,
  },
);

it("invariant 11: what a bucket grants never exceeds its capacity and its rate over the time", () => {
  let waited = 0;
  const property = fc.property(
    anyCosts,
    fc.integer({ min: 30, max: 100 }),
    fc.integer({ min: 1, max: 20 }),
    (costs, capacity, rate) => {
      let bucket = fullBucket(capacity, rate, T0);
      let now = T0;
      let spent = 0;
      for (const { cost, waitMs } of costs) {
        now += waitMs;
        const at = whenAffordable(bucket, cost, now);
        if (at > now) {
          waited++;
          expect(refill(bucket, at - 1).tokens, "not a millisecond too late").toBeLessThan(cost + 1e-9);
        }
        expect(refill(bucket, at).tokens, "nor too early").toBeGreaterThanOrEqual(cost - 1e-6);
        bucket = take(bucket, cost, now);
        spent += cost;
        expect(spent).toBeLessThanOrEqual(capacity + ((at - T0) / SECOND_MS) * rate + 1e-6);
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
  expect(waited).toBeGreaterThan(50);
});

it("a bucket holds no more than its capacity, and a cost above it waits for a full one", () => {
  const bucket = fullBucket(10, 1, T0);
  expect(giveBack(bucket, 5).tokens).toBe(10);
  expect(refill(take(bucket, 4, T0), T0 + DAY_MS).tokens).toBe(10);
  expect(whenAffordable(take(bucket, 4, T0), 50, T0)).toBe(T0 + 4_000);
  expect(refill(bucket, T0 - 1)).toBe(bucket);
});

it("no 24 hours count more mails than a day allows, and room comes back when it is said to", () => {
  let full = 0;
  const anyRun = fc.array(
    fc.record({ want: fc.integer({ min: 1, max: 60 }), waitMs: fc.integer({ min: 0, max: 6 * HOUR_MS }) }),
    {
      minLength: 10,
      maxLength: 60,
    },
  );
  const property = fc.property(anyRun, (run) => {
    let day: DayCount = { perDay: 100, hours: [] };
    let now = T0;
    const sent: { at: number; count: number }[] = [];
    for (const { want, waitMs } of run) {
      now += waitMs;
      const count = Math.min(want, roomToday(day, now));
      if (count === 0) {
        full++;
        const room = nextRoom(day, now);
        expect(room).toBeGreaterThan(now);
        expect(roomToday(day, room)).toBeGreaterThan(0);
        expect(roomToday(day, room - 1)).toBe(0);
        continue;
      }
      day = countMails(day, count, now);
      sent.push({ at: now, count });
      const window = sent.filter(({ at }) => at > now - DAY_MS).reduce((sum, mail) => sum + mail.count, 0);
      expect(window).toBeLessThanOrEqual(100);
    }
  });
  fc.assert(property, { numRuns: 300 });
  expect(full).toBeGreaterThan(50);
});
