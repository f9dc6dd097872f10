// What the planner lets go, and when it must wake; what a header says of its rows.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NEW_CONTROL } from "../../../shared/domain/control.ts";
import { dueOf } from "../../../shared/domain/due.ts";
import { PHASES } from "../../../shared/domain/enrollment.ts";
import type { StepDue } from "../../../shared/domain/header.ts";
import { NOTHING_DUE, STEP_ORDER, summarize } from "../../../shared/domain/header.ts";
import { DAY_MS, FAR_FUTURE, HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { Ledger } from "../../../shared/domain/ledger.ts";
import { budgetFrom, newLedger, withSenders } from "../../../shared/domain/ledger.ts";
import { STEPS } from "../../../shared/domain/names.ts";
import type { HeaderAt } from "../../../shared/domain/release.ts";
import {
  chooseReleases,
  HORIZON_MS,
  keyOf,
  settleEntries,
  STALLED_AFTER_MS,
  wakeFor,
} from "../../../shared/domain/release.ts";
import { anyPolicy, enrollmentIn } from "../../support/arbitraries.ts";
import { aHeader, T0 } from "../../support/builders.ts";

const budget = budgetFrom({ writesPer150s: 300, mailsPerMinute: 30, mailsPerDay: 1_000 });
const fullLedger = (): Ledger => withSenders(newLedger(budget, T0), ["a", "b"], budget, T0);
const NO_DUE = { enable: NOTHING_DUE, notify: NOTHING_DUE, enforce: NOTHING_DUE, restore: NOTHING_DUE };
const look = { control: NEW_CONTROL, now: T0 };

const anyDue: fc.Arbitrary<StepDue> = fc.oneof(
  fc.constant(NOTHING_DUE),
  fc.record({
    at: fc.constantFrom(
      0,
      T0 - HOUR_MS,
      T0,
      T0 + MINUTE_MS,
      T0 + HORIZON_MS,
      T0 + HORIZON_MS + 1,
      T0 + HOUR_MS,
      T0 + DAY_MS,
    ),
    count: fc.integer({ min: 1, max: 40 }),
    writes: fc.integer({ min: 0, max: 40 }),
  }),
);
const anyHeaders: fc.Arbitrary<readonly HeaderAt[]> = fc
  .array(
    fc.record({
      rollout: fc.constantFrom("r1", "r2"),
      due: fc.record({ enable: anyDue, notify: anyDue, enforce: anyDue, restore: anyDue }),
      nudgeAt: fc.constantFrom(0, 0, T0 - DAY_MS, T0 + MINUTE_MS, T0 + HOUR_MS),
    }),
    { maxLength: 30 },
  )
  .map((all) => all.map(({ rollout, ...header }, batch) => ({ rollout, wave: "w", batch, header: aHeader(header) })));

it("invariant 11: releases stay within the horizon, one a batch, in the order of the steps, and spend what they cost", () => {
  const seen = { released: 0, ordered: 0, later: 0 };
  const property = fc.property(anyHeaders, (headers) => {
    const { ledger, releases } = chooseReleases(fullLedger(), headers, look);
    const keys = releases.map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
    expect(ledger.entries.map(keyOf)).toEqual(keys);
    expect(releases.map(({ release }) => release)).toEqual(releases.map((_, index) => index + 1));
    const ranks = releases.map(({ step }) => STEP_ORDER.indexOf(step));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    if (new Set(ranks).size > 1) seen.ordered++;
    for (const { at, step, ...address } of releases) {
      seen.released++;
      if (at > T0) seen.later++;
      expect(at).toBeGreaterThanOrEqual(T0);
      expect(at).toBeLessThanOrEqual(T0 + HORIZON_MS);
      expect(headers.find((one) => keyOf(one) === keyOf(address))?.header.due[step].at).toBeLessThanOrEqual(at);
    }
    const writes = releases.reduce((sum, release) => sum + release.writes, 0);
    expect(ledger.graph.tokens).toBeCloseTo(budget.graphCapacity - writes);
    expect(
      chooseReleases(ledger, headers, look)
        .releases.map(keyOf)
        .filter((key) => keys.includes(key)),
    ).toEqual([]);
  });
  fc.assert(property, { numRuns: 500 });
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
});

it("invariant 3: the planner never sleeps past an instant at which it would release something", () => {
  const seen = { slept: 0, released: 0 };
  const property = fc.property(anyHeaders, fc.integer({ min: 0, max: 2 * DAY_MS }), (headers, ahead) => {
    const ledger = fullLedger();
    const wake = wakeFor(ledger, headers, { control: NEW_CONTROL, now: T0 });
    const asleep = Math.min(wake - 1, T0 + MINUTE_MS + ahead);
    if (chooseReleases(ledger, headers, look).releases.length > 0) {
      seen.released++;
      expect(wake).toBeLessThanOrEqual(T0 + MINUTE_MS);
    }
    if (asleep <= T0 + MINUTE_MS) return;
    seen.slept++;
    expect(chooseReleases(ledger, headers, { ...look, now: asleep }).releases).toEqual([]);
  });
  const few = fc.property(
    anyHeaders.map((headers) => headers.slice(0, 2)),
    fc.integer({ min: 0, max: 2 * DAY_MS }),
    (headers, ahead) => {
      const wake = wakeFor(fullLedger(), headers, { control: NEW_CONTROL, now: T0 });
      const asleep = Math.min(wake - 1, T0 + MINUTE_MS + ahead);
      if (asleep <= T0 + MINUTE_MS) return;
      seen.slept++;
      expect(chooseReleases(fullLedger(), headers, { ...look, now: asleep }).releases).toEqual([]);
    },
  );
  fc.assert(property, { numRuns: 500 });
  fc.assert(few, { numRuns: 1_500 });
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
});

it("rollouts take turns within a step", () => {
  const due = { ...aHeader().due, enable: { at: 0, count: 1, writes: 1 } };
  const many = ["r1", "r1", "r1", "r2", "r2"].map((rollout, batch) => ({
    rollout,
    wave: "w",
    batch,
    header: aHeader({ due }),
  }));

  expect(chooseReleases(fullLedger(), many, look).releases.map(({ rollout }) => rollout)).toEqual([
    "r1",
    "r2",
    "r1",
    "r2",
    "r1",
  ]);
});

it("a batch whose own nudge is on the way is left alone until that nudge is lost", () => {
  const due = { ...aHeader().due, enforce: { at: T0, count: 1, writes: 1 } };
  const headers = [{ rollout: "r", wave: "w", batch: 0, header: aHeader({ due, nudgeAt: T0 }) }];
  const releasedAt = (now: number) => chooseReleases(fullLedger(), headers, { ...look, now }).releases.length;

  expect([releasedAt(T0), releasedAt(T0 + STALLED_AFTER_MS - 1), releasedAt(T0 + STALLED_AFTER_MS)]).toEqual([0, 0, 1]);
  expect(wakeFor(fullLedger(), headers, { control: NEW_CONTROL, now: T0 })).toBe(T0 + STALLED_AFTER_MS);
  expect(wakeFor(fullLedger(), [], { control: NEW_CONTROL, now: T0 })).toBe(FAR_FUTURE);
});

it("a header says of its rows what counting them says", () => {
  let due = 0;
  const anyRows = fc.array(fc.constantFrom(...PHASES).chain(enrollmentIn), { maxLength: 12 });
  const property = fc.property(anyRows, anyPolicy, (rows, policy) => {
    const summary = summarize(rows, policy);
    for (const phase of PHASES)
      expect(summary.phases[phase]).toBe(rows.filter(({ state }) => state.phase === phase).length);
    for (const step of STEPS) {
      const dues = rows.map((row) => dueOf(row, policy)).filter((one) => one?.step === step);
      const first = Math.min(FAR_FUTURE, ...dues.map((one) => one?.at ?? FAR_FUTURE));
      const together = dues.filter((one) => one !== null && one.at <= first + MINUTE_MS);
      const at = together.length === 0 ? FAR_FUTURE : Math.max(...together.map((one) => one?.at ?? FAR_FUTURE));
      if (dues.length > 0) due++;
      const writes = together.reduce((sum, one) => sum + (one?.writes ?? 0), 0);
      expect(summary.due[step]).toEqual({ at, count: together.length, writes });
    }
    const failed = rows.filter(({ state }) => state.phase === "failed").length;
    expect(Object.values(summary.failures).reduce((sum, count) => sum + count, 0)).toBe(failed);
    const notices = rows.flatMap((row) => row.notices);
    expect(summary.notices.sent + summary.notices.uncertain).toBe(notices.length);
  });
  fc.assert(property, { numRuns: 300 });
  expect(due).toBeGreaterThan(50);
});

describe("a service that rests after a 429", () => {
  const header = aHeader({ due: { ...NO_DUE, enable: { at: T0, count: 40, writes: 40 } } });
  const headers = [{ rollout: "r", wave: "w", batch: 0, header }];
  const rest = T0 + 20 * MINUTE_MS;
  const resting = { ...NEW_CONTROL, notBefore: { ...NEW_CONTROL.notBefore, "graph-write": rest } };

  it("is waited for, and what came while it rested goes once more, when it is over", () => {
    const released = chooseReleases(fullLedger(), headers, look).ledger;
    expect(released.entries).toHaveLength(1);

    const during = { control: resting, now: T0 + MINUTE_MS };
    const settled = settleEntries(released, headers, during);
    const again = chooseReleases(settled, headers, during);
    const over = { control: resting, now: rest - MINUTE_MS };
    const after = chooseReleases(settleEntries(again.ledger, headers, over), headers, over);

    expect(settled.entries).toEqual([]);
    expect(again.releases).toEqual([]);
    expect(wakeFor(again.ledger, headers, during)).toBe(rest - HORIZON_MS);
    expect(after.releases.map(({ at }) => at)).toEqual([rest]);
    expect(settleEntries(after.ledger, headers, over).entries).toHaveLength(1);
  });
});

describe("a released batch whose header has moved", () => {
  const due = { at: T0, count: 40, writes: 40 };
  const before = aHeader({ seq: 3, writes: 7, due: { ...NO_DUE, enable: due } });
  const at = (header: HeaderAt["header"]): readonly HeaderAt[] => [{ rollout: "r", wave: "w", batch: 0, header }];
  const { ledger: released } = chooseReleases(fullLedger(), at(before), look);
  const during = { control: NEW_CONTROL, now: T0 + MINUTE_MS };

  it("invariant 11: is still under way while only the priors are saved: its writes are yet to come", () => {
    const settled = settleEntries(released, at({ ...before, seq: 4 }), during);
    expect(settled.entries).toEqual(released.entries);
    expect(settled.graph.tokens).toBe(released.graph.tokens);

    const ended = aHeader({ seq: 5, writes: 47, due: NO_DUE });
    const over = settleEntries(settled, at(ended), during);
    expect(over.entries).toEqual([]);
    expect(over.graph.tokens).toBe(released.graph.tokens);
  });

  it("is finished once it has written, or is not due any more as it was", () => {
    const wrote = { ...before, seq: 4, writes: 27 };
    expect(settleEntries(released, at(wrote), during).graph.tokens).toBe(released.graph.tokens + 20);
    const put = { ...before, seq: 4, due: { ...NO_DUE, enable: { ...due, at: T0 + HOUR_MS } } };
    expect(settleEntries(released, at(put), during).graph.tokens).toBe(released.graph.tokens + 40);
    const gone = { ...before, seq: 4, due: NO_DUE };
    expect(settleEntries(released, at(gone), during).entries).toEqual([]);
  });

  it("goes again when its handler ended after the priors", () => {
    const late = { control: NEW_CONTROL, now: T0 + STALLED_AFTER_MS };
    const stopped = at({ ...before, seq: 4 });
    const settled = settleEntries(released, stopped, late);
    expect(settled.entries).toEqual([]);
    expect(chooseReleases(settled, stopped, late).releases).toHaveLength(1);
  });
});
