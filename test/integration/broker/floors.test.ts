// The floors of speed on a share of the work: a shared machine may be slow for reasons of its own, so the hard figures are those of
// `npm run floors`. Here it is shown that all of them are measured, with nothing lost, and that memory does not follow the work.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Heap } from "../../../apps/local/broker/heap.ts";
import { measureBrokerFloor } from "../../../apps/local/floors/broker-floor.ts";
import { buildEntry } from "../../support/build-entry.ts";

describe("broker 35: speed and memory", () => {
  it("are measured on a process of its own that syncs each acknowledgement", async () => {
    const built = await mkdtemp(join(tmpdir(), "broker-floors-"));
    onTestFinished(() => rm(built, { recursive: true, force: true }));
    const program = await buildEntry("apps/local/broker/main.ts", built);
    const lines: string[] = [];
    const share = { warmUp: 200, inFlight: 1_000, batched: 2_000, memoryFrom: 2_000, memoryTo: 10_000 };

    const floors = await measureBrokerFloor((line) => lines.push(line), share, program);

    expect(floors.map(({ floor, unit }) => [floor, unit])).toEqual([
      [1_000, "messages/s"],
      [5_000, "messages/s"],
      [1_000, "messages/s"],
      [1.3, "times"],
    ]);
    for (const { measured, floor, isReached, unit } of floors) {
      expect(isReached).toBe(unit === "times" ? measured <= floor : measured >= floor);
    }
    // A tenth of the floors: what busy neighbours may cost.
    expect(floors.slice(0, 3).filter(({ measured, floor }) => measured < floor / 10)).toEqual([]);
    expect(floors[3]?.measured).toBeLessThan(2);
    expect(lines).toHaveLength(4);
  });

  it("what is settled is not kept until its lock would have ended", () => {
    const settled = new Set<number>();
    const heap = new Heap<number>((value) => !settled.has(value));
    for (let value = 0; value < 100_000; value++) {
      heap.push(300_000 - (value % 7), value);
      if (value >= 100) settled.add(value - 100);
    }
    expect(heap.size).toBeLessThan(3_000);

    const left: number[] = [];
    for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
      if (!settled.has(top.value)) left.push(top.key);
    }
    expect(left).toHaveLength(100);
    expect(left).toEqual(left.toSorted((a, b) => a - b));
  });
});
