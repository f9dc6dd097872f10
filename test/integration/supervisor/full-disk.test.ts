// A clock that cannot be saved does not move: the timekeeper with a real broker, and a disk that fills up.
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { OffsetClock } from "../../../apps/local/clock.ts";
import { openClockStore } from "../../../apps/local/supervisor/clock-store.ts";
import { Fleet } from "../../../apps/local/supervisor/fleet.ts";
import type { SupervisorEvent } from "../../../apps/local/supervisor/options.ts";
import { Timekeeper } from "../../../apps/local/supervisor/timekeeper.ts";
import { TimerTable } from "../../../apps/local/supervisor/timer-table.ts";
import { until } from "../until.ts";
import { buildChildren } from "./built-children.ts";
import type { BuiltChildren } from "./built-children.ts";
import { newFolder, removeFolders, START } from "./supervisor-under-test.ts";

let children: BuiltChildren;
beforeAll(async () => {
  children = await buildChildren();
});
afterAll(() => children.remove());
afterEach(removeFolders);

it("a full disk stops time where it is, with one sentence, and the next start goes on from there", async () => {
  const dataDir = newFolder();
  let failure: Error | null = null;
  const store = openClockStore(dataDir, { failWrite: () => failure });
  const clock = new OffsetClock({ seq: 0, offset: Math.ceil(START - Date.now()) });
  const ignore = (): void => undefined;
  const events = {
    onLine: ignore,
    onHint: ignore,
    onInstanceReady: ignore,
    onInstanceDeath: ignore,
    onFailure: ignore,
  };
  const fleet = new Fleet({ events, seq: () => clock.seq, offset: () => clock.offset });
  await fleet.startPart("broker", children.broker, { dataDir: null, port: 0, queues: [] });
  const jumps: SupervisorEvent[] = [];
  const timekeeper = new Timekeeper({
    clock,
    store,
    fleet,
    timers: new TimerTable([], {}, clock.now()),
    speed: { kind: "max" },
    planner: "plan-waves",
    readWakeAt: () => Promise.resolve(null),
    observe: (event) => jumps.push(event),
  });
  const stopped = new Promise<unknown>((resolve) => timekeeper.run(resolve));
  await until(
    "time jumps",
    () => jumps.length,
    (count) => count >= 3,
  );

  failure = Object.assign(new Error("write"), { code: "ENOSPC" });

  expect(String(await stopped)).toContain("clock.log: the disk has no room left. Make room, and run it again.");
  const at = clock.offset;
  expect(jumps.at(-1)).toMatchObject({ kind: "jumped" });
  await timekeeper.stop();
  await fleet.close();
  store.close();
  const again = openClockStore(dataDir);
  again.close();
  // Neither was a jump made that is not on the disk, nor is one on the disk that nobody made.
  expect(again.saved).toMatchObject({ seq: clock.seq, offset: at });
  expect(clock.seq).toBe(jumps.length);
});
