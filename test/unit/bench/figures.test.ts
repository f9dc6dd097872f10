// The arithmetic behind the published figures.
import { describe, expect, it } from "vitest";
import { chartsOf } from "../../../apps/local/bench/charts.ts";
import type { BenchRun } from "../../../apps/local/bench/figures.ts";
import { floorMs, median, medianRun, ratioToFloor, shuffled } from "../../../apps/local/bench/figures.ts";
import { missedGoals } from "../../../apps/local/bench/goals.ts";
import { RUN_NAMES } from "../../../apps/local/bench/names.ts";
import { runOf } from "../../../apps/local/bench/one-run.ts";
import { tableOf } from "../../../apps/local/bench/table.ts";

const documented = { writes: 3_000, otherApp: 0, compress: 1 };
const tenfold = { ...documented, compress: 10 };

function aRun(change: Partial<BenchRun> = {}): BenchRun {
  return {
    name: "pipeline",
    users: 10_000,
    floorMs: 35_000,
    wallMs: 36_000,
    ratioToFloor: 1.029,
    usersSet: 10_000,
    missedSilently: 0,
    failed: 0,
    requests: 1_500,
    throttledShare: 0,
    maxRssBytes: 100 * 1_048_576,
    ...change,
  };
}

describe("the floor of a write quota", () => {
  it("is what does not fit the full bucket, at 20 a second", () => {
    expect(floorMs(10_000, documented)).toBe(350_000);
    expect(floorMs(10_000, tenfold)).toBe(35_000);
    expect(floorMs(3_000, tenfold)).toBe(0);
    expect(floorMs(200, tenfold)).toBe(0);
  });

  it("is longer beside another program that takes its share as it comes", () => {
    expect(floorMs(10_000, { ...tenfold, otherApp: 0.4 })).toBeCloseTo(58_333, 0);
  });

  it("gives a ratio only where it is seconds long and everybody was set", () => {
    expect(ratioToFloor(aRun({ wallMs: 36_750 }), tenfold)).toBe(1.05);
    expect(ratioToFloor(aRun({ usersSet: 9_999 }), tenfold)).toBeNull();
    expect(ratioToFloor(aRun({ users: 3_999, usersSet: 3_999 }), tenfold)).toBeNull();
  });
});

describe("a run's figures", () => {
  const stats = { requests: 0, writes: 0, meteredWrites: 0, throttledWrites: 0 };
  const to = { requests: 7, writes: 3, meteredWrites: 8, throttledWrites: 4 };

  it("tell whom the runner believes to be set from whom the tenant has", () => {
    const run = runOf(
      "batch-unread",
      {
        users: ["a", "b", "c", "d"],
        witnessed: { set: new Set(["a", "b"]), spanMs: 20_000 },
        notBelieved: new Set(["c"]),
        from: stats,
        to,
        maxRssBytes: 1,
      },
      { ...tenfold, writes: 2 },
    );
    expect(run).toMatchObject({ usersSet: 2, missedSilently: 1, failed: 1, requests: 7, throttledShare: 0.5 });
    expect(run).toMatchObject({ wallMs: 2_000, ratioToFloor: null });
  });

  it("of repeated runs are medians, figure by figure, and no ratio where one run has none", () => {
    const runs = [aRun({ wallMs: 3, requests: 10 }), aRun({ wallMs: 1, requests: 30 }), aRun({ wallMs: 2 })];
    expect(medianRun(runs)).toMatchObject({ wallMs: 2, requests: 30 });
    expect(medianRun([aRun(), aRun({ ratioToFloor: null })]).ratioToFloor).toBeNull();
    expect(median([4, 1, 3, 2])).toBe(2);
  });

  it("come in an order that the seed decides, with nothing left out", () => {
    const order = shuffled(RUN_NAMES, 1);
    expect(shuffled(RUN_NAMES, 1)).toEqual(order);
    expect(order.toSorted()).toEqual(RUN_NAMES.toSorted());
    expect([2, 3, 4].some((seed) => shuffled(RUN_NAMES, seed).join() !== order.join())).toBe(true);
  });
});

describe("the pipeline's goals", () => {
  const plain = { hasFaults: false, hasOtherApp: false };

  it("are reached at the bar and missed above it, each in a sentence", () => {
    expect(missedGoals([aRun({ ratioToFloor: 1.05, throttledShare: 0.0099 })], plain)).toEqual([]);
    const bad = aRun({ ratioToFloor: 1.051, throttledShare: 0.01, failed: 2, missedSilently: 1 });
    expect(missedGoals([bad], plain)).toHaveLength(4);
    expect(missedGoals([bad], plain).join()).toContain("1.051 times the floor, and at most 1.05 is the goal");
  });

  it("are wider with faults and beside another program, and never for a user who is lost", () => {
    expect(missedGoals([aRun({ ratioToFloor: 1.15 })], { ...plain, hasFaults: true })).toEqual([]);
    const beside = { ...plain, hasOtherApp: true };
    expect(missedGoals([aRun({ ratioToFloor: 3, throttledShare: 0.019 })], beside)).toEqual([]);
    expect(missedGoals([aRun({ missedSilently: 1 })], beside)).toHaveLength(1);
  });

  it("are those of the pipeline alone, and of each of its runs", () => {
    expect(missedGoals([aRun({ name: "unbounded", failed: 9 })], plain)).toEqual([]);
    expect(missedGoals([aRun(), aRun({ failed: 1 })], plain)).toHaveLength(1);
  });
});

describe("table and charts", () => {
  const runs = [aRun(), aRun({ name: "batch-unread", usersSet: 4_000, missedSilently: 6_000, ratioToFloor: null })];

  it("show every run, and no ratio where users were lost", () => {
    const lines = tableOf(runs).split("\n");
    expect(lines).toHaveLength(4);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[2]).toMatch(/\| +1\.03 \|/);
    expect(lines[3]).toMatch(/\|\s+– \|\s+4000 \|\s+0 \|\s+6000 \|/);
  });

  it("leave a sample of users out beside whole tenants", () => {
    const charts = chartsOf([...runs, aRun({ name: "process-per-user", users: 20, usersSet: 20 })]);
    expect([...charts.keys()]).toEqual(["bench-users.svg", "bench-time.svg"]);
    for (const svg of charts.values()) {
      expect(svg).toContain("batch-unread");
      expect(svg).not.toContain("process-per-user");
    }
    expect(chartsOf([]).size).toBe(0);
  });
});
