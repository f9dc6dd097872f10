// The timer trigger's side of the host; the supervisor's side is in test/integration/supervisor.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildChildren } from "../supervisor/built-children.ts";
import type { BuiltChildren } from "../supervisor/built-children.ts";
import { openStage, startHostUnderTest } from "./host-under-test.ts";
import type { HostUnderTest, Stage } from "./host-under-test.ts";

const notYet: unknown = expect.objectContaining({ message: "not yet" });

let children: BuiltChildren;
let stage: Stage;
let host: HostUnderTest;
let orders = 0;

beforeAll(async () => {
  children = await buildChildren();
  stage = await openStage();
  host = await startHostUnderTest(stage, { entry: children.host });
});
afterAll(async () => {
  await host.child.close(3_000);
  await stage.close();
  children.remove();
});

async function fire(name: string, isPastDue = false): Promise<boolean | null> {
  const status = { last: null, next: Date.UTC(2026, 2, 2, 7), lastUpdated: Date.UTC(2026, 2, 2, 6) };
  return host.child.fire({ kind: "fire", id: ++orders, name, due: 0, isPastDue, status });
}

describe("a timer function", () => {
  it("host 20: gets camel-cased times as ISO text, and year 1 for never", async () => {
    expect(await fire("hourly", true)).toBe(true);

    const [seen] = await host.waitFor("hourly");
    expect(seen?.["argument"]).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: {
        last: "0001-01-01T00:00:00+00:00",
        next: "2026-03-02T07:00:00.000Z",
        lastUpdated: "2026-03-02T06:00:00.000Z",
      },
      isPastDue: true,
    });
    expect(seen?.["triggerMetadata"]).toBeNull(); // host 11
  });

  it.each(["quiet-timer", "unmonitored"])("host 20: %s has no schedule status", async (name) => {
    await fire(name);

    const [seen] = await host.waitFor(name);
    expect(seen?.["argument"]).toMatchObject({ scheduleStatus: null });
  });

  it("host 18: is tried again as its retry policy says, and sees which try it is", async () => {
    expect(await fire("flaky-timer")).toBe(true);

    const tries = host.records("flaky-timer").map(({ retry }) => retry);
    expect(tries).toEqual([
      null,
      expect.objectContaining({
        retryCount: 1,
        maxRetryCount: 3,
        exception: notYet,
      }),
      expect.objectContaining({ retryCount: 2, maxRetryCount: 3 }),
    ]);
  });

  it("host 9: hooks run around the handler with one hookData an invocation", async () => {
    await fire("unmonitored");

    const [last] = host.records("post").slice(-1);
    expect(last).toMatchObject({ function: "unmonitored", seen: "pre", error: null });
  });
});
