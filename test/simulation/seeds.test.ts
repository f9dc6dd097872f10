// The simulation itself: that a seed is a run, that some seeds hold, and that it would see a bug.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SIM_FAULT_NAMES } from "../../apps/local/simulate/faults.ts";
import { parseSimulateFlags } from "../../apps/local/simulate/flags.ts";
import { MUTANTS } from "../../apps/local/simulate/mutants.ts";
import { runSeed } from "../../apps/local/simulate/world.ts";
import { UserFault } from "../../shared/domain/fault.ts";

const ROOT = join(import.meta.dirname, "../..");
const SEEDS = 6;

describe("a seed", () => {
  it("is the same run each time, and another seed another one", async () => {
    const options = { users: 60, faults: SIM_FAULT_NAMES, acts: true };
    const first = await runSeed({ seed: 7, ...options });
    const again = await runSeed({ seed: 7, ...options });
    const other = await runSeed({ seed: 8, ...options });

    expect(again).toEqual(first);
    expect(other.traceHash).not.toBe(first.traceHash);
    expect(first.steps).toBeGreaterThan(1_000);
  });

  it("breaks no invariant, with faults of every kind among some seeds", async () => {
    const happened = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { violations, faults, checks } = await runSeed({ seed, users: 80, faults: SIM_FAULT_NAMES, acts: true });
      expect(violations, `seed ${seed}`).toEqual([]);
      expect(checks).toBeGreaterThan(500);
      for (const name of faults.keys()) happened.add(name);
    }
    expect(happened.size).toBeGreaterThanOrEqual(30);
  });

  it("without faults ends everybody as well", async () => {
    const { violations, faults } = await runSeed({ seed: 3, users: 80, faults: [], acts: false });
    expect(violations).toEqual([]);
    expect([...faults.keys()]).toEqual([]);
  });
});

it("each planted bug has its place in the source, exactly once", () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(17);
  for (const { name, file, find, put } of MUTANTS) {
    const source = readFileSync(join(ROOT, file), "utf8");
    expect(source.split(find).length - 1, name).toBe(1);
    expect(put).not.toBe(find);
  }
});

describe("flags of the simulation", () => {
  it("are refused all at once, each with how to mend it", () => {
    const wrong = ["--seeds", "many", "--faults", "bus-lots", "--user", "3"];
    expect(() => parseSimulateFlags(wrong)).toThrow(UserFault);
    for (const said of [/--user: is no flag/, /"many" is no whole number/, /"bus-lots" is no fault/])
      expect(() => parseSimulateFlags(wrong)).toThrow(said);
  });

  it("have usual values", () => {
    expect(parseSimulateFlags(["--processes", "2"])).toMatchObject({
      seeds: 200,
      firstSeed: 1,
      users: 200,
      faults: "all",
    });
    expect(parseSimulateFlags(["--help"])).toBe("help");
  });
});
