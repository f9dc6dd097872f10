// Virtual time over real processes: docs/EMBEDDED.md lists the numbers.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { until } from "../until.ts";
import { buildChildren } from "./built-children.ts";
import type { BuiltChildren } from "./built-children.ts";
import { removeFolders, START, startUnderTest } from "./supervisor-under-test.ts";
import type { Changes, SupervisorUnderTest } from "./supervisor-under-test.ts";

const HOUR = 3_600_000;
let children: BuiltChildren;
let running: SupervisorUnderTest | null = null;

beforeAll(async () => {
  children = await buildChildren();
});
afterAll(() => children.remove());
afterEach(async () => {
  await running?.stop();
  running = null;
  removeFolders();
});

async function start(changes: Changes = {}): Promise<SupervisorUnderTest> {
  running = await startUnderTest(children, changes);
  running.supervisor.run();
  return running;
}

describe("jumps", () => {
  it("three virtual days pass in seconds, and each hour's timer runs once, in its hour", async () => {
    const { waitFor, supervisor } = await start();
    const began = performance.now();

    const hours = await waitFor("hourly", 72);

    console.log("ms", performance.now() - began, running?.jumps().length, running?.events.length);
    expect(supervisor.now()).toBeGreaterThan(START + 71 * HOUR);
    expect(hours.slice(0, 72).map(({ at }) => Math.floor(at / HOUR) - Math.floor(START / HOUR))).toEqual(
      Array.from({ length: 72 }, (_, hour) => hour + 1),
    );
  });
});
void until;
