// Which instance is struck when: by seed and look, and only at looks of the planner.
import { describe, expect, it } from "vitest";
import { InstanceFaults } from "../../../apps/local/run/instance-faults.ts";

const LOOK = { kind: "jumped", at: 2, from: 1, because: "planner" } as const;

const later = (_delayMs: number, strike: () => void): void => strike();

function strikesOf(seed: number, looks: number): string[] {
  const seen: string[] = [];
  const faults = new InstanceFaults({
    seed,
    instances: 3,
    faults: [
      { name: "instance-kill", rate: 0.3 },
      { name: "instance-restart", rate: 0.3 },
      { name: "instance-stop", rate: 0.3 },
    ],
    later: (delayMs, strike) => {
      expect(delayMs).toBeLessThan(31);
      strike();
    },
  });
  const supervisor = {
    killInstance: (instance: number) => {
      seen.push(`kill ${instance}`);
      return "busy" as const;
    },
    restartInstance: (instance: number) => void seen.push(`restart ${instance}`),
    freezeInstance: (instance: number, ms: number) => void seen.push(`freeze ${instance} ${Math.round(ms)}`),
  };
  for (let look = 0; look < looks; look++) faults.onEvent(LOOK, supervisor);
  faults.onEvent({ ...LOOK, because: "broker" }, supervisor);
  const counted = Object.values(faults.happened()).reduce((sum, count) => sum + count, 0);
  expect(counted).toBe(seen.length);
  return seen;
}

describe("faults of whole instances", () => {
  it("strike by seed: the same looks are struck in the same way", () => {
    const strikes = strikesOf(7, 40);

    expect(strikesOf(7, 40)).toEqual(strikes);
    expect(strikesOf(8, 40)).not.toEqual(strikes);
    expect(new Set(strikes.map((strike) => strike.split(" ")[0]))).toEqual(new Set(["kill", "restart", "freeze"]));
    expect(new Set(strikes.map((strike) => strike.split(" ")[1]))).toEqual(new Set(["0", "1", "2"]));
  });

  it("strike nobody while the runtime starts", () => {
    const faults = new InstanceFaults({ seed: 1, instances: 1, faults: [{ name: "instance-kill", rate: 1 }], later });

    faults.onEvent(LOOK, null);

    expect(faults.happened()).toEqual({});
  });

  it("set a clock off by less than the margin that deadlines have, both ways, anew in each life", () => {
    const faults = new InstanceFaults({ seed: 1, instances: 3, faults: [{ name: "instance-clock", rate: 1 }], later });

    const skews = Array.from({ length: 50 }, (_, life) => faults.skewMs(life % 3, life));

    expect(Math.max(...skews.map(Math.abs))).toBeLessThan(5 * 60_000);
    expect([Math.min(...skews) < -60_000, Math.max(...skews) > 60_000]).toEqual([true, true]);
    expect(new Set(skews).size).toBeGreaterThan(40);
  });
});
