// Virtual time over real processes: docs/EMBEDDED.md lists the numbers.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Recorded } from "../host/records.ts";
import { until } from "../until.ts";
import { buildChildren } from "./built-children.ts";
import type { BuiltChildren } from "./built-children.ts";
import { removeFolders, START, startUnderTest } from "./supervisor-under-test.ts";
import type { Changes, SupervisorUnderTest } from "./supervisor-under-test.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NEVER = "0 0 0 1 1 *";

let children: BuiltChildren;
let running: SupervisorUnderTest[] = [];

beforeAll(async () => {
  children = await buildChildren();
});
afterAll(() => children.remove());
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
  removeFolders();
});

type Prepare = (started: SupervisorUnderTest) => Promise<void>;

async function start(
  changes: Changes = {},
  beforeTimeRuns: Prepare = () => Promise.resolve(),
): Promise<SupervisorUnderTest> {
  const started = await startUnderTest(children, changes);
  running.push(started);
  await beforeTimeRuns(started);
  started.supervisor.run();
  return started;
}

async function send({ client }: SupervisorUnderTest, body: unknown, at?: number): Promise<void> {
  const sender = client.createSender("work");
  await sender.sendMessages({ body, ...(at === undefined ? {} : { scheduledEnqueueTimeUtc: new Date(at) }) });
  await sender.close();
}

/** Sorted by the wall, the offset each event ran under never falls: nobody acted on an old clock. */
function expectOneClock(records: readonly Recorded[]): void {
  const offsets = [...records].sort((a, b) => a.wall - b.wall).map(({ at, wall }) => at - wall);
  const falls = offsets.slice(1).filter((offset, index) => offset < (offsets[index] ?? 0) - 2);
  expect(falls).toEqual([]);
}

describe("jumps", () => {
  it("three virtual days pass in seconds, and each hour's timer runs once, in its hour", async () => {
    const { waitFor, jumps } = await start();
    const began = performance.now();

    const hours = await waitFor("hourly", 72);

    expect(performance.now() - began).toBeLessThan(20_000);
    expect(jumps().length).toBeGreaterThan(71);
    const expected = Array.from({ length: 72 }, (_, hour) => hour + 1);
    expect(hours.slice(0, 72).map(({ at }) => Math.floor(at / HOUR) - Math.floor(START / HOUR))).toEqual(expected);
    expectOneClock(hours);
  });

  it("clock 1: with late answers and an outside sender no invocation sees two offsets, and nothing is early", async () => {
    const delayed = pathToFileURL(join(import.meta.dirname, "delayed-answers.mjs")).href;
    const settings = { NODE_OPTIONS: `--import ${delayed}`, HOURLY_SCHEDULE: "0 */10 * * * *" };
    const runtime = await start({ settings });
    let sent = 0;
    for (let jumps = 0; jumps < 100; jumps = runtime.jumps().length) {
      const due = runtime.supervisor.now() + Math.floor(Math.random() * 40 * MINUTE);
      await send(runtime, { due, sleepMs: Math.floor(Math.random() * 15) }, due);
      sent++;
      await until(
        "time goes on",
        () => runtime.jumps().length,
        (count) => count > jumps,
      );
    }

    const worked = await runtime.waitFor("worked", sent);

    const early = runtime.records("work").filter(({ at, body }) => at < z.object({ due: z.number() }).parse(body).due);
    expect(early).toEqual([]);
    // A jump inside a handler that sleeps at most 15 ms would show as minutes.
    expect(Math.max(...worked.map(({ spanMs }) => Number(spanMs)))).toBeLessThan(5_000);
    expect(sent).toBeGreaterThan(20);
    expectOneClock(runtime.records());
  });

  it("clock 3: after a jump all clocks agree with the supervisor's", async () => {
    const runtime = await start();
    await until(
      "ten jumps",
      () => runtime.jumps().length,
      (count) => count >= 10,
    );

    const tenant = z.object({ offset: z.number(), seq: z.number(), now: z.number(), wall: z.number() });
    const seen = tenant.parse(await runtime.supervisor.askTenant("now"));
    const [before] = runtime
      .jumps()
      .filter(({ at }) => at <= seen.now)
      .slice(-1);

    expect(seen.seq).toBeGreaterThanOrEqual(10);
    expect(seen.now).toBeGreaterThanOrEqual(before?.at ?? Number.POSITIVE_INFINITY);
    expect(seen.now - seen.wall - seen.offset).toBeLessThanOrEqual(5);
  });

  it("at a steady rate all clocks run so many times as fast as the wall, and nothing jumps", async () => {
    const speed = { kind: "steady", factor: 60 } as const;
    const runtime = await start({ speed, instances: 1, settings: { HOURLY_SCHEDULE: NEVER } });
    const [began, from] = [Date.now(), runtime.supervisor.now()];
    expect(from).toBeGreaterThanOrEqual(START);

    const looks = await runtime.waitFor("plan-waves ended", 3);

    const rate = (runtime.supervisor.now() - from) / (Date.now() - began);
    expect(rate).toBeGreaterThan(55);
    expect(rate).toBeLessThan(65);
    const minutes = looks.slice(0, 3).map(({ at }) => Math.floor(at / MINUTE));
    expect(minutes.at(-1)).toBeLessThanOrEqual(Math.floor(runtime.supervisor.now() / MINUTE));
    expect(minutes.at(0)).toBeGreaterThanOrEqual(Math.floor(START / MINUTE));
    expect(runtime.jumps()).toEqual([]);
  });

  it("clock 14: at X times an idle day takes a day / X, and little more", async () => {
    const factor = 20_000;
    const speed = { kind: "times", factor } as const;
    const runtime = await start({ speed, instances: 1, settings: { HOURLY_SCHEDULE: NEVER } });
    await until(
      "the first look is over",
      () => runtime.records("plan-waves ended").length,
      (count) => count > 1,
    );
    const [began, from] = [performance.now(), runtime.supervisor.now()];

    await until(
      "a day has passed",
      () => runtime.supervisor.now() - from,
      (passed) => passed >= DAY,
      20_000,
    );

    const virtualMs = runtime.supervisor.now() - from;
    const ratio = (performance.now() - began) / (virtualMs / factor);
    expect(ratio).toBeGreaterThan(0.98);
    expect(ratio).toBeLessThan(1.25);
  });

  it("clock 14: where Graph is somewhere else nothing ever jumps, and timers fire", async () => {
    const settings = { HOURLY_SCHEDULE: "*/1 * * * * *" };
    const runtime = await start({ tenant: null, instances: 1, settings });
    await runtime.waitFor("hourly", 2);

    expect(runtime.jumps()).toEqual([]);
    expect(runtime.supervisor.now() - START).toBeLessThan(30_000);
  });
});

describe("the planner's wakeAt", () => {
  it("clock 5: is believed only while nothing else has happened; a message or a word from outside wakes the planner", async () => {
    const wakeAt = START + 5 * HOUR;
    const runtime = await start(
      { settings: { HOURLY_SCHEDULE: NEVER }, readWakeAt: () => Promise.resolve(wakeAt) },
      (started) => send(started, { i: 1 }, START + 2 * HOUR),
    );
    await until(
      "past wakeAt",
      () => runtime.supervisor.now(),
      (now) => now > wakeAt + MINUTE,
    );
    const looks = runtime.records("plan-waves").map(({ at }) => at - START);

    const after = (from: number, to: number): number => looks.filter((at) => at >= from && at < to).length;
    expect(after(0, 3 * MINUTE)).toBeGreaterThanOrEqual(1);
    expect(after(3 * MINUTE, 2 * HOUR)).toBe(0);
    expect(after(2 * HOUR, 2 * HOUR + 2 * MINUTE)).toBeGreaterThanOrEqual(1);
    expect(after(2 * HOUR + 3 * MINUTE, 5 * HOUR - MINUTE)).toBe(0);
    expect(after(5 * HOUR - MINUTE, 5 * HOUR + MINUTE)).toBeGreaterThanOrEqual(1);

    const touchedAt = runtime.supervisor.now();
    runtime.supervisor.touched();
    const [look] = await until(
      "the planner looks",
      () => runtime.records("plan-waves").filter(({ at }) => at >= touchedAt),
      (found) => found.length > 0,
    );
    expect((look?.at ?? 0) - touchedAt).toBeLessThanOrEqual(2 * MINUTE);
  });
});

describe("timers", () => {
  it("host 19, clock 12: a run that lasts over its next tick is not overlapped, and the missed ticks are one", async () => {
    const settings = {
      HOURLY_SCHEDULE: "* * * * * *",
      TIMER_SLEEP_MS: "1500",
      "AzureWebJobs.plan-waves.Disabled": "true",
    };
    const { records, waitFor } = await start({ settings });
    await waitFor("hourly ended", 3);

    const order = records()
      .map(({ what }) => what)
      .filter((what) => what.startsWith("hourly"));
    expect(order.slice(0, 6)).toEqual(["hourly", "hourly ended", "hourly", "hourly ended", "hourly", "hourly ended"]);
    const starts = records("hourly").map(({ at }) => at);
    expect((starts[1] ?? 0) - (starts[0] ?? 0)).toBeGreaterThanOrEqual(1_500);
  });

  it("host 22: each tick runs on one instance, in turn, and goes on when that one dies", async () => {
    const settings = { HOURLY_SCHEDULE: "0 */10 * * * *", TIMER_SLEEP_MS: "30" };
    const runtime = await start({ settings });
    const [first] = await runtime.waitFor("hourly", 4);
    expect(new Set(runtime.records("hourly").map(({ pid }) => pid)).size).toBe(2);

    runtime.supervisor.killInstance(0);
    runtime.supervisor.killInstance(1);
    const before = runtime.records("hourly").length;
    await runtime.waitFor("hourly", before + 4);

    const ticks = runtime.records("hourly ended").map(({ at }) => Math.floor(at / (10 * MINUTE)));
    expect(new Set(ticks).size).toBe(ticks.length); // no tick was run to its end twice
    expect(first).toBeDefined();
    expectOneClock(runtime.records());
  });
});

describe("instances that die", () => {
  it("clock 4: no jump between the death and the next readiness, and no record under an old clock", async () => {
    const runtime = await start();
    for (let kill = 1; kill <= 4; kill++) {
      await until(
        "time goes on",
        () => runtime.jumps().length,
        (count) => count >= kill * 10,
      );
      runtime.supervisor.killInstance(kill % 2);
      await until(
        "it is back",
        () => runtime.events.filter(({ kind }) => kind === "instance-started").length,
        (n) => n >= 2 + kill,
      );
    }

    let isDown = false;
    for (const { kind } of runtime.events) {
      if (kind === "instance-died") isDown = true;
      if (kind === "instance-started") isDown = false;
      if (kind === "jumped") expect(isDown).toBe(false);
    }
    expectOneClock(runtime.records());
  });

  it("clock 6: what a killed instance had in work is done again within seconds, counted, at most a lock later", async () => {
    const runtime = await start({ settings: { AzureFunctionsJobHost__functionTimeout: "00:05:00" } });
    await send(runtime, { sleepMs: 60_000, once: true });
    const [first] = await runtime.waitFor("work");
    const began = performance.now();
    const instances = runtime.events.filter((event) => event.kind === "instance-started");
    const at = instances.find(({ pid }) => pid === first?.pid)?.instance ?? -1;
    expect(runtime.supervisor.killInstance(at)).not.toBe("dead");

    const [, again] = await runtime.waitFor("work", 2);

    expect(performance.now() - began).toBeLessThan(3_000);
    expect(again?.["triggerMetadata"]).toMatchObject({ deliveryCount: 2 });
    expect((again?.at ?? 0) - (first?.at ?? 0)).toBeLessThanOrEqual(6 * MINUTE);
    expect((again?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(4 * MINUTE);
  });

  it("clock 7: a live host whose socket is cut still runs: no jump before its invocation has ended", async () => {
    const runtime = await start({ settings: { HOURLY_SCHEDULE: NEVER } });
    await send(runtime, { sleepMs: 700, once: true });
    await runtime.waitFor("work");
    const before = runtime.jumps().length;
    await runtime.supervisor.askBroker("cut");

    const [worked] = await runtime.waitFor("worked");

    expect(Number(worked?.["spanMs"])).toBeLessThan(5_000);
    expect(
      runtime
        .jumps()
        .slice(before)
        .every(({ from }) => from >= (worked?.at ?? 0)),
    ).toBe(true);
  });
});

describe("locks", () => {
  it("clock 11: a handler three locks long is one delivery at any offset; locks are wall time, enqueued time is virtual", async () => {
    const queues = ["work", "unsettled"].map((name) => ({ name, lockMs: 700, maxDeliveryCount: 10 }));
    const settings = { HOURLY_SCHEDULE: NEVER, AzureFunctionsJobHost__functionTimeout: "00:01:00" };
    const spans = [-300 * DAY, 0, 40 * DAY];
    const all = await Promise.all(
      spans.map((span) => start({ queues, settings, instances: 1, start: Date.now() + span, speed: { kind: "wall" } })),
    );
    await Promise.all(all.map((runtime) => send(runtime, { sleepMs: 2_100 })));
    await Promise.all(all.map((runtime) => runtime.waitFor("worked")));

    for (const [index, runtime] of all.entries()) {
      const works = runtime.records("work");
      expect(works).toHaveLength(1);
      const metadata = z.object({ enqueuedTimeUtc: z.string() }).parse(works[0]?.["triggerMetadata"]);
      const enqueued = Date.parse(`${metadata.enqueuedTimeUtc}Z`);
      expect(Math.abs(enqueued - (Date.now() + (spans[index] ?? 0)))).toBeLessThan(10_000);
    }
  });
});
