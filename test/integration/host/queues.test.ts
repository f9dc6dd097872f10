// The Service Bus trigger of the host against the real broker: docs/EMBEDDED.md lists the numbers.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { buildChildren } from "../supervisor/built-children.ts";
import type { BuiltChildren } from "../supervisor/built-children.ts";
import { until } from "../until.ts";
import { makeApp, openStage, send, startHostUnderTest } from "./host-under-test.ts";
import type { HostUnderTest, Stage } from "./host-under-test.ts";

const newTrace: unknown = expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);

const anyNumber: unknown = expect.any(Number);
const delivered = z.object({ deliveryCount: z.number() });
let children: BuiltChildren;
let stage: Stage;
let host: HostUnderTest;

beforeAll(async () => {
  children = await buildChildren();
  stage = await openStage({ work: { lockMs: 1_500 } });
  host = await startHostUnderTest(stage, { entry: children.host });
});
afterAll(async () => {
  await host.child.close(3_000);
  await stage.close();
  children.remove();
});
/** One host serves many tests: each begins with empty records, and starts a new one if a test has ended it. */
beforeEach(async () => {
  if (host.child.isDead) host = await startHostUnderTest(stage, { entry: children.host });
  await settled();
  rmSync(join(stage.folder, "record.jsonl"), { force: true });
});

/** When nothing of a queue is left but what is meant to be there. */
async function settled(queue = "work"): Promise<void> {
  await until(
    `${queue} is empty`,
    () => stage.broker.counts()[queue],
    (counts) => counts !== undefined && counts.active + counts.locked + counts.orphaned + counts.deadLettered === 0,
  );
}

describe("what a queue function gets", () => {
  it("host 12: JSON text parsed, other text as it is, and bytes that are no UTF-8 as a Buffer", async () => {
    await send(stage, Buffer.from("42"));
    await send(stage, Buffer.from("no JSON"));
    await send(stage, Buffer.from([0xff, 0xfe, 0x00]));

    const seen = await host.waitFor("work", 3);

    expect(seen.map(({ body, isBuffer }) => (isBuffer === true ? "buffer" : body))).toEqual([42, "no JSON", "buffer"]);
  });

  it("host 11: metadata under camel-cased keys at all depths, text parsed by the library, deliveries counted from 1", async () => {
    const applicationProperties = { WaveId: "w1", Nested: '{"Inner":1}' };
    await send(stage, { a: 1 }, { messageId: "42", subject: "s", contentType: "text/plain", applicationProperties });

    const [seen] = await host.waitFor("work");

    expect(seen?.["triggerMetadata"]).toMatchObject({
      messageId: 42,
      subject: "s",
      label: "s",
      contentType: "text/plain",
      deliveryCount: 1,
      sequenceNumber: anyNumber,
      applicationProperties: { waveId: "w1", nested: '{"Inner":1}' },
      userProperties: { waveId: "w1" },
    });
    expect(seen?.["triggerMetadata"]).toHaveProperty("lockToken");
    expect(seen?.["triggerMetadata"]).not.toHaveProperty("correlationId");
    expect(seen?.["triggerMetadata"]).not.toHaveProperty("lockedUntilUtc");
  });

  it("host 32: the sender's Diagnostic-Id as trace parent, else a new one", async () => {
    const given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await send(stage, 1, { applicationProperties: { "Diagnostic-Id": given } });
    await send(stage, 2);

    const [first, second] = await host.waitFor("work", 2);

    expect(first?.["traceContext"]).toMatchObject({ traceParent: given });
    expect(second?.["traceContext"]).toMatchObject({
      traceParent: newTrace,
    });
  });
});

describe("how a message is settled", () => {
  it("host 13: success completes; a throw abandons at once, counts up, and ends in the dead letters", async () => {
    await send(stage, { throw: "a bug" }, { messageId: "m1" });
    const began = performance.now();

    const [dead] = await host.waitFor("dead");

    expect(performance.now() - began).toBeLessThan(2_000);
    const counts = host.records("work").map(({ triggerMetadata }) => delivered.parse(triggerMetadata).deliveryCount);
    expect(counts).toEqual([1, 2, 3]);
    expect(dead?.["triggerMetadata"]).toMatchObject({ messageId: "m1", deadLetterReason: "MaxDeliveryCountExceeded" });
    await settled();
  });

  it("host 10: `throw undefined` succeeds and completes; a throw fails with the function's name in the log", async () => {
    await send(stage, { throw: "undefined" });
    await send(stage, { throw: "loud" });

    await host.waitFor("dead");
    await settled();

    const ends = host.records("post").filter((one) => one["function"] === "work");
    expect(ends.map(({ error }) => error).sort()).toEqual(["loud", "loud", "loud", null]);
    expect(host.lines.some((line) => line.includes('"Function.work"') && line.includes("failed: loud"))).toBe(true);
  });

  it("host 14: with autoCompleteMessages false nothing is settled after success", async () => {
    await send(stage, 1, {}, "unsettled");

    await host.waitFor("unsettled");
    await until(
      "the end is reported",
      () => host.records("post").length,
      (count) => count > 0,
    );

    expect(stage.broker.counts()["unsettled"]).toMatchObject({ locked: 1 });
  });

  it("host 16: the lock of a slow handler is renewed: one delivery", async () => {
    await send(stage, { sleepMs: 1_900 }); // the lock ends after 1.5 s, functionTimeout after 2 s

    await host.waitFor("worked");
    await settled();

    expect(host.records("work")).toHaveLength(1);
  });

  it("host 16: past the longest renewal a late completion is logged, and the receiver goes on", async () => {
    const lockMs = 400;
    const renewing = await openStage({ work: { lockMs } });
    const appDir = makeApp(renewing, {});
    const settings = { AzureFunctionsJobHost__extensions__serviceBus__maxAutoLockRenewalDuration: "00:00:00" };
    const late = await startHostUnderTest(renewing, { entry: children.host, appDir, settings });
    try {
      await send(renewing, { sleepMs: 1_000 });
      const lost = await until(
        "a lost lock is logged",
        () => late.lines.find((line) => line.includes("MessageLockLost")),
        Boolean,
      );
      expect(lost).toContain("could not be completed");
      await send(renewing, "after");
      await until(
        "the next message comes",
        () => late.records("work").map(({ body }) => body),
        (all) => all.includes("after"),
      );
    } finally {
      await late.child.close(3_000);
      await renewing.close();
    }
  });
});

describe("how many run", () => {
  it("host 15: at most maxConcurrentCalls of one function at once; the rest waits unlocked", async () => {
    for (let i = 0; i < 5; i++) await send(stage, { sleepMs: 300, i });
    await host.waitFor("work", 2);

    const counts = stage.broker.counts()["work"];

    expect(counts).toMatchObject({ locked: 2, active: 3 });
    await host.waitFor("worked", 5);
  });

  it("host 33: two instances share a queue and keep their module state apart", async () => {
    const second = await startHostUnderTest(stage, { entry: children.host, instance: 1 });
    for (let i = 0; i < 8; i++) await send(stage, { sleepMs: 200, i });

    const all = await host.waitFor("worked", 8);

    expect(new Set(all.map(({ pid }) => pid)).size).toBe(2);
    await second.child.close(3_000);
  });
});

describe("a process that ends", () => {
  const crashes: readonly (readonly [string, unknown, string])[] = [
    ["process.exit", { exit: 3, once: true }, "called process.exit(3)"],
    ["an unhandled rejection", { reject: true, once: true }, "unhandled rejection"],
    ["an uncaught exception", { uncaught: true, once: true }, "uncaught exception"],
    ["functionTimeout", { hang: true, once: true }, "ran longer than functionTimeout (2000 ms)"],
  ];
  it.each(crashes)("host 28: %s ends the process, and its messages are abandoned at once", async (_, body, why) => {
    await send(stage, { sleepMs: 30_000, once: true });
    await send(stage, body);

    const death = await host.died;

    expect(death.code).toBe(70);
    expect(host.lines.some((line) => line.includes(why))).toBe(true);
    const counts = await until(
      "given back",
      () => stage.broker.counts()["work"],
      (now) => now?.active === 2,
      1_000,
    );
    expect(counts?.locked).toBe(0);
  });

  it("host 29: SIGKILL settles nothing: the message is back after its lock, counted", async () => {
    await send(stage, { sleepMs: 30_000, once: true });
    await host.waitFor("work");
    host.child.kill();
    await host.died;
    expect(stage.broker.counts()["work"]?.active).toBe(0);

    host = await startHostUnderTest(stage, { entry: children.host });
    const [, again] = await host.waitFor("work", 2);

    expect(again?.["triggerMetadata"]).toMatchObject({ deliveryCount: 2 });
  });

  it("host 30: on close it takes nothing more, waits for what runs, runs appTerminate and exits 0", async () => {
    await send(stage, { sleepMs: 600, i: 1 });
    await host.waitFor("work");
    const closed = host.child.close(8_000);
    // The listeners are told to stop in one go: once HTTP refuses, the queues take nothing either.
    await until(
      "HTTP refuses",
      () =>
        host.fetch("/api/echo/1").then(
          () => false,
          () => true,
        ),
      Boolean,
    );
    await send(stage, { i: 2 });

    await closed;

    expect(await host.died).toEqual({ code: 0, signal: null });
    expect(
      host
        .records()
        .map(({ what }) => what)
        .slice(-3),
    ).toEqual(["worked", "post", "appTerminate"]);
    await until(
      "the rest is there",
      () => stage.broker.counts()["work"],
      (counts) => counts?.active === 1,
    );
  });
});

describe("hold", () => {
  it("clock 2: a held host starts nothing and says what runs; after go it starts what has arrived", async () => {
    await send(stage, { sleepMs: 400, i: 1 });
    await host.waitFor("work");
    expect(await host.child.hold(1)).toMatchObject({ of: "host", running: 1 });
    await send(stage, { i: 2 });
    await host.waitFor("worked");
    await until(
      "nothing runs",
      () => host.child.hold(2),
      (held) => held?.of === "host" && held.running === 0,
    );
    const answer = host.fetch("/api/echo/1");
    await until(
      "the second is locked",
      () => stage.broker.counts()["work"],
      (counts) => counts?.locked === 1,
    );

    expect(host.records("work")).toHaveLength(1);
    await host.child.jump({ seq: 1, offset: 1_000_000 });
    host.child.go(1);

    const [, second] = await host.waitFor("work", 2);
    expect((second?.at ?? 0) - (second?.wall ?? 0)).toBeGreaterThanOrEqual(1_000_000 - 5);
    expect((await answer).status).toBe(200);
  });

  it.each([
    { what: "seq", first: { seq: 5, offset: 100 }, second: { seq: 5, offset: 200 } },
    { what: "offset", first: { seq: 5, offset: 100 }, second: { seq: 6, offset: 99 } },
  ])("clock 3: a lower $what ends the process with an error", async ({ first, second }) => {
    await host.child.jump(first);
    await host.child.jump(second);

    expect((await host.died).code).toBe(4);
    expect(host.lines.join("\n")).toContain("BackwardsJump");
  });
});
