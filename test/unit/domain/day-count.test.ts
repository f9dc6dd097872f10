// "So many mails in 24 hours" is the mailbox's own rule, over every window of 24 hours and over the instants at which mails leave,
// which is some minutes after they were granted.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DayCount } from "../../../shared/domain/bucket.ts";
import { countMails, MAIL_LEAVES_WITHIN_MS, nextRoom, roomToday } from "../../../shared/domain/bucket.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import { budgetFrom, newLedger, offerGrant, spend, withSenders } from "../../../shared/domain/ledger.ts";
import { HANDLER_DEADLINE_MS, HTTP_CALL_MS } from "../../../shared/domain/policy.ts";
import { HORIZON_MS, STALLED_AFTER_MS } from "../../../shared/domain/release.ts";
import { T0 } from "../../support/builders.ts";

const PER_DAY = 100;
const budget = budgetFrom({ writesPer150s: 3_000, mailsPerMinute: 60, mailsPerDay: PER_DAY });
const EMPTY: DayCount = { perDay: PER_DAY, hours: [] };

describe("the mails of a day", () => {
  it("leave at most so long after their grant: scheduled ahead, waited for until the batch counts as stalled, and handled", () => {
    const longest = HORIZON_MS + STALLED_AFTER_MS + HANDLER_DEADLINE_MS + HTTP_CALL_MS;

    expect(MAIL_LEAVES_WITHIN_MS).toBeGreaterThanOrEqual(longest);
    expect(MAIL_LEAVES_WITHIN_MS).toBeLessThanOrEqual(longest + 5 * MINUTE_MS);
  });

  it("invariant 11: granted at the end of an hour and sent in the next one are a day old only a day after they left", () => {
    const granted = T0 + HOUR_MS - 1;
    const left = granted + 2 * MINUTE_MS;
    const day = countMails(EMPTY, PER_DAY, granted);

    expect(roomToday(day, left + DAY_MS - 1)).toBe(0);
  });

  it("invariant 11: never exceed the limit in any 24 hours, and are given back within an hour of the earliest safe instant", () => {
    const seen = { full: 0, cameBack: 0 };
    const wait = fc.oneof(
      fc.constantFrom(0, 1, HOUR_MS - 1, HOUR_MS, DAY_MS - 1),
      fc.integer({ min: 0, max: 6 * HOUR_MS }),
    );
    const late = fc.oneof(
      fc.constantFrom(0, 1, MAIL_LEAVES_WITHIN_MS),
      fc.integer({ min: 0, max: MAIL_LEAVES_WITHIN_MS }),
    );
    const anyRun = fc.array(fc.record({ want: fc.integer({ min: 1, max: PER_DAY }), wait, late }), {
      minLength: 10,
      maxLength: 60,
    });
    const property = fc.property(anyRun, (run) => {
      let day = EMPTY;
      let now = T0;
      const mails: { granted: number; left: number; count: number }[] = [];
      const sum = (some: typeof mails): number => some.reduce((total, { count }) => total + count, 0);
      for (const next of run) {
        now += next.wait;
        const room = roomToday(day, now);
        // Safe is whatever was granted so long ago that it left a day ago; hours are counted whole.
        const held = mails.filter(({ granted }) => granted > now - DAY_MS - HOUR_MS - MAIL_LEAVES_WITHIN_MS);
        expect(PER_DAY - room, "not needlessly strict").toBeLessThanOrEqual(sum(held));
        if (held.length < mails.length) seen.cameBack++;
        const count = Math.min(next.want, room);
        if (count === 0) {
          seen.full++;
          expect(roomToday(day, nextRoom(day, now))).toBeGreaterThan(0);
          expect(roomToday(day, nextRoom(day, now) - 1)).toBe(0);
          continue;
        }
        day = countMails(day, count, now);
        mails.push({ granted: now, left: now + next.late, count });
      }
      for (const { left } of mails) {
        const window = mails.filter((other) => other.left > left - DAY_MS && other.left <= left);
        expect(sum(window)).toBeLessThanOrEqual(PER_DAY);
      }
    });
    fc.assert(property, { numRuns: 500 });
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
  });
});

describe("invariant 11: a sender whose rollout is paused or over", () => {
  const busy = withSenders(newLedger(budget, T0), ["a", "b"], budget, T0);
  const spent = spend(busy, { writes: 0, grant: [{ sender: "a", count: 60 }] }, T0);
  const away = withSenders(spent, ["b"], budget, T0 + HOUR_MS);

  it("is granted nothing meanwhile", () => {
    expect(offerGrant(away, 80, T0 + HOUR_MS)?.grant.map(({ sender }) => sender)).toEqual(["b"]);
    expect(offerGrant(withSenders(away, [], budget, T0 + HOUR_MS), 1, T0 + HOUR_MS)).toBeNull();
  });

  it("has what is left of its day when it comes back, and not a new one", () => {
    const back = withSenders(away, ["a", "b"], budget, T0 + 2 * HOUR_MS);

    expect(back.senders.map(({ sender, day }) => [sender, roomToday(day, T0 + 2 * HOUR_MS)])).toEqual([
      ["a", PER_DAY - 60],
      ["b", PER_DAY],
    ]);
  });

  it("is forgotten once its day is over", () => {
    const over = T0 + DAY_MS + 2 * HOUR_MS;

    expect(withSenders(away, ["b"], budget, over).senders.map(({ sender }) => sender)).toEqual(["b"]);
  });
});
