// Flags of `npm run bench`: what is meant, and what is refused before anything starts.
import { describe, expect, it } from "vitest";
import { parseBenchFlags } from "../../../apps/local/bench/flags.ts";
import { RUN_NAMES } from "../../../apps/local/bench/names.ts";
import { linesOf } from "../codec-input/faults-of.ts";

describe("the flags of npm run bench", () => {
  it("have the documented defaults, and all runs but the core", () => {
    expect(parseBenchFlags([])).toEqual({
      users: 10_000,
      compress: 10,
      only: RUN_NAMES,
      core: false,
      instances: 1,
      repeat: 1,
      seed: 1,
      quota: 3_000,
      faults: [],
      otherApp: 0,
      chartsDir: null,
      json: false,
    });
    expect(parseBenchFlags(["--help"])).toBe("help");
  });

  it("take a list of runs, and the core alone", () => {
    expect(parseBenchFlags(["--only", "pipeline, p-limit-20"])).toMatchObject({ only: ["p-limit-20", "pipeline"] });
    expect(parseBenchFlags(["--only", "core"])).toMatchObject({ only: [], core: true });
  });

  it("know one per cent of each fault of single answers, none of which is a 429", () => {
    const flags = parseBenchFlags(["--faults", "one-percent"]);
    const faults = flags === "help" ? [] : flags.faults;
    expect(faults.map(({ rate }) => rate)).toEqual(Array.from({ length: 8 }, () => 0.01));
    expect(faults.map(({ name }) => name).filter((name) => name.startsWith("throttle"))).toEqual([]);
  });

  it.each([
    [["--only", "pipelin"], '--only: "pipelin" is no run. Did you mean "pipeline"?'],
    [["--users", "many"], '--users: "many" is no whole number from 1 to 1000000.'],
    [["--compress", "0"], '--compress: "0" is no whole number from 1 to 100.'],
    [["--compress", "2.5"], '--compress: "2.5" is no whole number from 1 to 100.'],
    [["--faults", "sharks"], '--faults: unknown fault "sharks".'],
    [["--other-app", "1"], '--other-app: "1" is no number from 0 to 0.9.'],
    [["--user", "5"], "--user: is no flag. Did you mean --users?"],
  ])("refuse %j in words", (args, said) => {
    expect(linesOf(() => parseBenchFlags(args)).join("\n")).toContain(said);
  });
});
