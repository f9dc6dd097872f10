// Schedules, the hold of time, orphaned locks and restarts.
import { describe, expect, it } from "vitest";
import { until } from "../until.ts";
import {
  givenBroker,
  givenClient,
  givenFolder,
  LOCK_MS,
  movableClock,
  receiveAll,
  receiveOne,
} from "./broker-under-test.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe("broker 14: schedules", () => {
  it("are never early, at most 1 s late, in order of time, with a new number", async () => {
    const { client } = await givenBroker();
    const sender = client.createSender("work");
    const at = Date.now() + 900;
    const [late] = await sender.scheduleMessages({ body: "second" }, new Date(at + 200));
    await sender.scheduleMessages({ body: "first" }, new Date(at));
    await sender.scheduleMessages({ body: "past" }, new Date(at - DAY));
    const receiver = client.createReceiver("work");
    const [peeked] = await receiver.peekMessages(1);
    expect(peeked).toMatchObject({ body: "second", state: "scheduled" });

    expect((await receiveOne(receiver)).body).toBe("past");
    expect(Date.now()).toBeLessThan(at);
    expect((await receiveOne(receiver)).body).toBe("first");
    expect(Date.now()).toBeGreaterThanOrEqual(at);
    expect(Date.now()).toBeLessThan(at + 1_000);
    const second = await receiveOne(receiver);
    expect(second.body).toBe("second");
    expect(second.sequenceNumber?.greaterThan(late ?? 0)).toBe(true);
  });
});

describe("broker 15: cancelling", () => {
  it("works once, then the message is not found", async () => {
    const { client } = await givenBroker();
    const sender = client.createSender("work");
    const [number] = await sender.scheduleMessages({ body: 1 }, new Date(Date.now() + HOUR));
    if (number === undefined) throw new Error("a scheduled message has a number");

    await sender.cancelScheduledMessages(number);

    await expect(sender.cancelScheduledMessages(number)).rejects.toMatchObject({ code: "MessageNotFound" });
    expect(await client.createReceiver("work").peekMessages(1)).toEqual([]);
  });
});

describe("a held broker", () => {
  it("stores sends and settlements, delivers and activates nothing, and says what is due next", async () => {
    const clock = movableClock();
    const { client, broker } = await givenBroker({ clock });
    const sender = client.createSender("work");
    const due = Date.now() + DAY;
    await sender.scheduleMessages({ body: "tomorrow" }, new Date(due));
    await sender.sendMessages({ body: "locked" });
    const receiver = client.createReceiver("work");
    const locked = await receiveOne(receiver);
    expect(broker.hold()).toEqual({ active: 0, locked: 1, orphaned: 0, nextDue: due });

    await sender.sendMessages({ body: "while held" });
    await receiver.completeMessage(locked);
    expect(broker.hold()).toEqual({ active: 1, locked: 0, orphaned: 0, nextDue: due });
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 200 })).toEqual([]);

    broker.go();
    expect(await receiveAll(receiver, 1)).toEqual(["while held"]);
  });

  it("activates what a jump made due only after go, enqueued on the virtual clock and locked on the wall", async () => {
    const clock = movableClock();
    const { client, broker } = await givenBroker({ clock });
    const due = Date.now() + 40 * DAY;
    await client.createSender("work").scheduleMessages({ body: "far" }, new Date(due));
    const receiver = client.createReceiver("work");
    broker.hold();
    clock.offset = 40 * DAY + 1_000;
    broker.clockMoved();
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 200 })).toEqual([]);

    broker.go();

    const message = await receiveOne(receiver);
    expect(message.enqueuedTimeUtc?.getTime()).toBeGreaterThanOrEqual(due);
    expect(Math.abs((message.lockedUntilUtc?.getTime() ?? 0) - Date.now() - LOCK_MS)).toBeLessThan(1_500);
    await receiver.completeMessage(message);
  });

  it("makes the lock of a lost socket due work on the virtual clock", async () => {
    const clock = movableClock();
    const queues = [{ name: "work", lockMs: 300_000, maxDeliveryCount: 10 }];
    const { client, broker } = await givenBroker({ clock, queues });
    await client.createSender("work").sendMessages({ body: "in work" });
    await receiveOne(client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 }));
    broker.cutConnections();
    const held = await until(
      "an orphan",
      () => broker.hold(),
      ({ orphaned }) => orphaned === 1,
    );
    expect(held).toMatchObject({ active: 0, locked: 0 });
    expect(Math.abs((held.nextDue ?? 0) - Date.now() - 300_000)).toBeLessThan(5_000);

    clock.offset = 300_000;
    broker.clockMoved();
    broker.go();

    const again = await receiveOne(givenClient(broker).createReceiver("work"));
    expect(again.deliveryCount).toBe(1);
  });
});

describe("broker 29: a restart", () => {
  it("keeps active, scheduled, deferred, dead, counts and totals, not what was completed or cancelled", async () => {
    const dataDir = await givenFolder();
    const first = await givenBroker({ dataDir });
    const sender = first.client.createSender("work");
    const receiver = first.client.createReceiver("work");
    await sender.sendMessages(["done", "dead", "deferred", "active"].map((body) => ({ body })));
    await sender.scheduleMessages({ body: "scheduled" }, new Date(Date.now() + HOUR));
    const [cancelled] = await sender.scheduleMessages({ body: "cancelled" }, new Date(Date.now() + HOUR));
    if (cancelled !== undefined) await sender.cancelScheduledMessages(cancelled);
    await receiver.completeMessage(await receiveOne(receiver));
    await receiver.deadLetterMessage(await receiveOne(receiver));
    await receiver.deferMessage(await receiveOne(receiver));
    await receiver.abandonMessage(await receiveOne(receiver));
    const counts = first.broker.counts();
    const stats = { ...first.broker.stats() };
    await first.broker.close();

    for (let restart = 0; restart < 2; restart++) {
      const { broker, client } = await givenBroker({ dataDir });
      expect(broker.counts()).toEqual(counts);
      expect(counts["work"]).toMatchObject({ active: 1, scheduled: 1, deferred: 1, deadLettered: 1 });
      expect(broker.stats()).toEqual(stats);
      const [number] = await client.createSender("work").scheduleMessages({ body: "new" }, new Date(Date.now() + HOUR));
      expect(number?.greaterThan(cancelled ?? 0)).toBe(true);
      if (number !== undefined) await client.createSender("work").cancelScheduledMessages(number);
      stats.sent++;
      stats.scheduled++;
      await broker.close();
    }
  });
});

describe("broker 32: counts", () => {
  it("equal what a peek finds", async () => {
    const { client, broker } = await givenBroker();
    const sender = client.createSender("work");
    await sender.sendMessages([1, 2, 3].map((body) => ({ body })));
    await sender.scheduleMessages({ body: 4 }, new Date(Date.now() + HOUR));
    const receiver = client.createReceiver("work");
    await receiveOne(receiver);

    const counts = broker.counts()["work"];
    expect(counts).toEqual({ active: 2, locked: 1, orphaned: 0, scheduled: 1, deferred: 0, deadLettered: 0 });
    expect(await receiver.peekMessages(10)).toHaveLength(4);
  });
});

describe("broker 26: subscribe", () => {
  it("completes by itself, respects maxConcurrentCalls, abandons after a throw and stops taking", async () => {
    const { client, broker } = await givenBroker();
    const sender = client.createSender("work");
    await sender.sendMessages([...Array(20).keys()].map((body) => ({ body })));
    const errors: string[] = [];
    const handled: number[] = [];
    let running = 0;
    let most = 0;
    const subscription = client.createReceiver("work").subscribe(
      {
        processMessage: async (message) => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
          if (message.body === 7 && message.deliveryCount === 0) throw new Error("first try");
          handled.push(Number(message.body));
        },
        processError: ({ errorSource }) => {
          errors.push(errorSource);
          return Promise.resolve();
        },
      },
      { maxConcurrentCalls: 4 },
    );
    await until(
      "all handled",
      () => handled.length,
      (count) => count === 20,
    );
    await subscription.close();
    await sender.sendMessages({ body: "after" });

    expect(most).toBe(4);
    expect(errors).toEqual(["processMessageCallback"]);
    await until(
      "nothing locked",
      () => broker.counts()["work"],
      (counts) => counts?.locked === 0,
    );
    expect(broker.counts()["work"]).toMatchObject({ active: 1 });
  });
});
