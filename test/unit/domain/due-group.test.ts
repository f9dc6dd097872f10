// What a header says of users who are due one after another, and what the planner makes of it: how often a batch is released, and
// whether what is taken from the budgets is what its users can cost.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NEW_CONTROL } from "../../../shared/domain/control.ts";
import { dueOf } from "../../../shared/domain/due.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { summarize } from "../../../shared/domain/header.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { Ledger } from "../../../shared/domain/ledger.ts";
import { budgetFrom, newLedger, withSenders } from "../../../shared/domain/ledger.ts";
import type { Step } from "../../../shared/domain/names.ts";
import type { HeaderAt, Release } from "../../../shared/domain/release.ts";
import { chooseReleases, settleEntries } from "../../../shared/domain/release.ts";
import { anyPolicy, enrollmentIn } from "../../support/arbitraries.ts";
import { aHeader, aPolicy, inState, notified, T0 } from "../../support/builders.ts";

const policy = aPolicy();
const budget = budgetFrom({ writesPer150s: 3_000, mailsPerMinute: 30, mailsPerDay: 1_000 });
const ledgerAt = (now: number): Ledger => withSenders(newLedger(budget, now), ["a", "b"], budget, now);

const waitsForMail = (notBefore: number): Enrollment =>
  inState({ phase: "enabled", enabledAt: T0, notice: "follow-up-1" }, { notBefore });
const waitsForWrite = (enforceAfter: number): Enrollment =>
  inState(notified({ toldAt: T0 - 30 * DAY_MS, enforceAfter }), { registration: { value: "usable", at: T0 } });

function headerOf(rows: readonly Enrollment[], seq = 1): HeaderAt {
  return { rollout: "r", wave: "w", batch: 0, header: aHeader({ ...summarize(rows, policy), seq }) };
}

function dueBy(rows: readonly Enrollment[], step: Step, at: number): readonly Enrollment[] {
  return rows.filter((row) => {
    const due = dueOf(row, policy);
    return due !== null && due.step === step && due.at <= at;
  });
}

const mailsOf = (release: Release): number => release.grant.reduce((sum, { count }) => sum + count, 0);

describe("users who are due within one minute", () => {
  const rows = Array.from({ length: 30 }, (_, index) => waitsForMail(T0 + index * 2 * SECOND_MS));

  it("are released together, when the last of them is due, so that no mail is granted to who must still wait", () => {
    const now = T0 - MINUTE_MS;
    const { releases } = chooseReleases(ledgerAt(now), [headerOf(rows)], { control: NEW_CONTROL, now });

    expect(releases.map(mailsOf)).toEqual([30]);
    expect(releases.map(({ at }) => dueBy(rows, "notify", at).length)).toEqual([30]);
  });
});

/** The planner each minute, and a handler that does at once whatever is due. @returns the releases, with what they did */
function play(rows: readonly Enrollment[], step: Step, minutes: number): readonly { did: number; offered: number }[] {
  let left = rows;
  let seq = 1;
  let ledger = ledgerAt(T0);
  const releases: { did: number; offered: number }[] = [];
  for (let minute = 0; minute <= minutes; minute++) {
    const look = { control: NEW_CONTROL, now: T0 + minute * MINUTE_MS };
    const headers = [headerOf(left, seq)];
    const plan = chooseReleases(settleEntries(ledger, headers, look), headers, look);
    ledger = plan.ledger;
    for (const release of plan.releases) {
      const done = dueBy(left, step, release.at).slice(0, step === "notify" ? mailsOf(release) : left.length);
      releases.push({ did: done.length, offered: step === "notify" ? mailsOf(release) : release.writes });
      left = left.filter((row) => !done.includes(row));
      seq++;
    }
  }
  expect(left).toEqual([]);
  return releases;
}

describe("users who are due minutes apart", () => {
  it.each([
    ["notify", waitsForMail],
    ["enforce", waitsForWrite],
  ] as const)("are released once for each of them, and never more often than each minute (%s)", (step, rowDue) => {
    const apart = Array.from({ length: 20 }, (_, index) => rowDue(T0 + index * 3 * MINUTE_MS));
    const close = Array.from({ length: 40 }, (_, index) => rowDue(T0 + index * 20 * SECOND_MS));

    expect(play(apart, step, 70)).toEqual(Array(20).fill({ did: 1, offered: 1 }));
    const often = play(close, step, 30);
    expect(often.length).toBeLessThanOrEqual(15);
    for (const { did, offered } of often) expect(offered).toBe(did);
  });

  it("invariant 11: who fell due behind the others while the planner was away is paid for as well", () => {
    const rows = Array.from({ length: 40 }, (_, index) => waitsForWrite(T0 + index * 2 * MINUTE_MS));
    const now = T0 + 3 * HOUR_MS;

    const { releases, ledger } = chooseReleases(ledgerAt(now), [headerOf(rows)], { control: NEW_CONTROL, now });

    expect(releases.map(({ writes }) => writes)).toEqual([40]);
    expect(ledger.graph.tokens).toBe(budget.graphCapacity - 40);
  });

  it("invariant 11: a release takes at least what the users cost who are due when its message comes, and no more than the batch", () => {
    const seen = { exact: 0, bound: 0 };
    const anyRow = fc.constantFrom("queued", "notified", "restoring", "held", "enabled").chain(enrollmentIn);
    const property = fc.property(
      fc.array(anyRow, { minLength: 1, maxLength: 12 }),
      anyPolicy,
      fc.integer({ min: 0, max: 30 * DAY_MS }),
      (rows, anyOther, ahead) => {
        const now = T0 + ahead;
        const header = aHeader(summarize(rows, anyOther));
        const at = { rollout: "r", wave: "w", batch: 0, header };
        for (const release of chooseReleases(ledgerAt(now), [at], { control: NEW_CONTROL, now }).releases) {
          const dues = rows.map((row) => dueOf(row, anyOther)).filter((due) => due?.step === release.step);
          const cost = dues.reduce((sum, due) => sum + (due !== null && due.at <= release.at ? due.writes : 0), 0);
          expect(release.writes).toBeGreaterThanOrEqual(cost);
          expect(release.writes).toBeLessThanOrEqual(dues.length);
          if (release.step === "notify") continue;
          seen[release.writes === cost ? "exact" : "bound"]++;
        }
      },
    );
    fc.assert(property, { numRuns: 2_000 });
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
  });
});
