// The ledger: what is spent, what comes back, and how the rate answers what the tenant says.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Control } from "../../../shared/domain/control.ts";
import { NEW_CONTROL } from "../../../shared/domain/control.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { Ledger } from "../../../shared/domain/ledger.ts";
import { refill, whenAffordable } from "../../../shared/domain/bucket.ts";
import {
  adaptRate,
  budgetFrom,
  FIRST_WRITE_AFTER_MS,
  newLedger,
  offerGrant,
  spend,
  withSenders,
} from "../../../shared/domain/ledger.ts";
import { chooseReleases, settleEntries, STALLED_AFTER_MS } from "../../../shared/domain/release.ts";
import { aHeader, T0 } from "../../support/builders.ts";

const budget = budgetFrom({ writesPer150s: 3_000, mailsPerMinute: 30, mailsPerDay: 10_000 });
const throttled = (throttledAt: number): Control => ({ ...NEW_CONTROL, throttledAt });

describe("the rate of writes", () => {
  it("falls to 0.6 at a 429, climbs by one a second for each clean minute, and stays at the target once it is there", () => {
    const control = throttled(T0);
    let ledger = adaptRate(newLedger(budget, T0), control, { budget, now: T0 });
    expect(ledger.graph.ratePerSecond).toBeCloseTo(19.6 * 0.6);

    const rates: number[] = [];
    for (let minute = 1; minute <= 60; minute++) {
      ledger = adaptRate(ledger, control, { budget, now: T0 + minute * MINUTE_MS });
      rates.push(ledger.graph.ratePerSecond);
    }

    expect(rates[0]).toBeCloseTo(12.76);
    expect(rates.slice(8)).toEqual(Array(52).fill(19.6));
  });

  it("answers one 429 once, although the clock of the handler that met it runs ahead", () => {
    const control = throttled(T0 + 5 * MINUTE_MS);
    let ledger = newLedger(budget, T0);
    for (let minute = 0; minute <= 5; minute++)
      ledger = adaptRate(ledger, control, { budget, now: T0 + minute * MINUTE_MS });

    expect(ledger.graph.ratePerSecond).toBeCloseTo(19.6 * 0.6);
  });

  it("earns the time before a change at the rate before it", () => {
    const empty = {
      ...newLedger(budget, T0),
      loweredAt: T0,
      graph: { capacity: 294, ratePerSecond: 1, tokens: 0, at: T0 },
    };

    const climbed = adaptRate(empty, throttled(T0), { budget, now: T0 + 2 * MINUTE_MS });

    expect(climbed.graph.ratePerSecond).toBe(3);
    expect(climbed.graph.tokens).toBeCloseTo(120);
  });

  it("invariant 11: falls at most once a minute and is never above the target, whatever the tenant says and when", () => {
    const seen = { fell: 0, climbed: 0, top: 0 };
    const moments = fc.array(fc.record({ waitMs: fc.integer({ min: 1, max: 200_000 }), hit: fc.boolean() }), {
      minLength: 5,
      maxLength: 40,
    });
    const property = fc.property(moments, (run) => {
      let now = T0;
      let control = NEW_CONTROL;
      let ledger = newLedger(budget, now);
      let fellAt = -Infinity;
      for (const { waitMs, hit } of run) {
        now += waitMs;
        if (hit) control = throttled(now);
        const next = adaptRate(ledger, control, { budget, now });
        const { ratePerSecond } = next.graph;
        if (ratePerSecond < ledger.graph.ratePerSecond) {
          expect(now - fellAt).toBeGreaterThanOrEqual(MINUTE_MS);
          fellAt = now;
          seen.fell++;
        } else if (ratePerSecond > ledger.graph.ratePerSecond) seen.climbed++;
        else if (ratePerSecond === budget.graphPerSecond) seen.top++;
        expect(ratePerSecond).toBeLessThanOrEqual(budget.graphPerSecond);
        expect(ratePerSecond).toBeGreaterThan(0);
        ledger = next;
      }
    });
    fc.assert(property, { numRuns: 300 });
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
  });
});

describe("settling what was released", () => {
  const address = { rollout: "r", wave: "w", batch: 0 };
  const entry = { ...address, step: "enforce", seq: 4, at: T0, writes: 10, writesBefore: 100, grant: [] } as const;
  const spent = (): Ledger => {
    const ledger = spend(newLedger(budget, T0), { writes: 10, grant: [] }, T0);
    return { ...ledger, entries: [entry] };
  };
  const settle = (seq: number, writes: number, now = T0): Ledger =>
    settleEntries(spent(), [{ ...address, header: aHeader({ seq, writes }) }], { control: NEW_CONTROL, now });

  it.each([
    [100, 10],
    [104, 6],
    [110, 0],
  ])("gives back what was not written (header at %i writes: %i tokens)", (writes, back) => {
    expect(settle(5, writes).graph.tokens).toBe(2_930 + back);
    expect(settle(5, writes).entries).toEqual([]);
  });

  it("invariant 11: takes what was written beyond the estimate, for the tenant counted it", () => {
    expect(settle(5, 135).graph.tokens).toBe(2_930 - 25);
  });

  it("keeps what has not moved until it stalls, then lets it go again without a refund", () => {
    expect(settle(4, 100, T0 + STALLED_AFTER_MS - 1).entries).toEqual([entry]);
    const stalled = settle(4, 100, T0 + STALLED_AFTER_MS);
    expect(stalled.entries).toEqual([]);
    expect(stalled.graph.tokens).toBe(2_930);
  });
});

describe("a batch with two kinds of work", () => {
  it("is released for what can go although the mails of the day are used up", () => {
    const header = aHeader({
      due: { ...aHeader().due, notify: { at: 0, count: 3, writes: 0 }, enable: { at: 0, count: 5, writes: 5 } },
    });

    const { releases } = chooseReleases(newLedger(budget, T0), [{ rollout: "r", wave: "w", batch: 0, header }], {
      control: NEW_CONTROL,
      now: T0,
    });

    expect(releases.map(({ step, writes }) => [step, writes])).toEqual([["enable", 5]]);
  });
});

describe("a grant", () => {
  const anyLoad = fc.array(
    fc.record({ mails: fc.integer({ min: 1, max: 40 }), waitMs: fc.integer({ min: 0, max: 120 * SECOND_MS }) }),
    {
      minLength: 5,
      maxLength: 60,
    },
  );

  it("invariant 11: no sender is granted more than a full minute and its rate, nor more than its day", () => {
    let partial = 0;
    let granted = 0;
    const property = fc.property(anyLoad, fc.integer({ min: 40, max: 400 }), (loads, perDay) => {
      const mails = budgetFrom({ writesPer150s: 3_000, mailsPerMinute: 30, mailsPerDay: perDay });
      let ledger = withSenders(newLedger(mails, T0), ["a", "b", "c"], mails, T0);
      let now = T0;
      const sent = new Map<string, { at: number; count: number }[]>();
      for (const load of loads) {
        now += load.waitMs;
        const offer = offerGrant(ledger, load.mails, now);
        if (offer === null) continue;
        granted++;
        const total = offer.grant.reduce((sum, { count }) => sum + count, 0);
        expect(total).toBeLessThanOrEqual(load.mails);
        if (total < load.mails) partial++;
        expect(offer.at).toBeGreaterThanOrEqual(now);
        for (const { sender, count } of offer.grant)
          sent.set(sender, [...(sent.get(sender) ?? []), { at: offer.at, count }]);
        ledger = spend(ledger, { writes: 0, grant: offer.grant }, now);
      }
      for (const mailsOf of sent.values()) {
        expect(mailsOf.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(perDay);
        const ends = Math.max(...mailsOf.map(({ at }) => at));
        const allowed = 30 + ((ends - T0) / MINUTE_MS) * 30;
        expect(mailsOf.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(allowed + 1e-6);
      }
    });
    fc.assert(property, { numRuns: 200 });
    expect(Math.min(partial, granted), `${partial} of ${granted}`).toBeGreaterThan(50);
  });

  it("is none where there is no sender, or none has room today", () => {
    expect(offerGrant(newLedger(budget, T0), 1, T0)).toBeNull();
    const full = withSenders(newLedger(budget, T0), ["a"], { ...budget, mailsPerDay: 0 }, T0 + HOUR_MS);
    expect(offerGrant(full, 1, T0 + HOUR_MS)).toBeNull();
  });
});

describe("a full bucket of writes", () => {
  const cost = (writes: number): { readonly writes: number; readonly grant: readonly [] } => ({ writes, grant: [] });

  it("invariant 11: earns nothing before the first write arrives, for the tenant's own is full until then", () => {
    const spent = spend(newLedger(budget, T0), cost(2_940), T0).graph;
    expect(whenAffordable(spent, 196, T0)).toBe(T0 + FIRST_WRITE_AFTER_MS + 10_000);
    expect(whenAffordable(spent, 196, T0 + MINUTE_MS)).toBe(T0 + MINUTE_MS);
    expect(refill(spent, T0 + FIRST_WRITE_AFTER_MS).tokens).toBe(0);
  });

  it("that is not full any more earns all the time", () => {
    const once = spend(newLedger(budget, T0), cost(2_000), T0);
    const later = T0 + MINUTE_MS / 2;
    const twice = spend(once, cost(900), later).graph;
    const earned = (19.6 * (later - T0 - FIRST_WRITE_AFTER_MS)) / 1_000;
    expect(twice.tokens).toBeCloseTo(2_940 - 2_900 + earned, 6);
    expect(twice.at).toBe(later);
    expect(spend(newLedger(budget, T0), cost(0), T0).graph.at).toBe(T0);
  });
});
