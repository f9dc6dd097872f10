// What becomes of one delivery: completed, abandoned, dead-lettered, expired, renewed, settled after its link has gone.
import { delay } from "@azure/service-bus";
import { describe, expect, it } from "vitest";
import { givenBroker, givenClient, LOCK_MS, receiveAll, receiveOne } from "./broker-under-test.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("broker 4: the first delivery", () => {
  it("has count 0, a lock token, a lock of the queue's length and a growing number", async () => {
    const { client } = await givenBroker();
    await client.createSender("work").sendMessages([{ body: 1 }, { body: 2 }]);

    const receiver = client.createReceiver("work");
    const first = await receiveOne(receiver);
    const second = await receiveOne(receiver);

    expect(first.deliveryCount).toBe(0);
    expect(first.lockToken).toMatch(UUID);
    expect(Math.abs((first.lockedUntilUtc?.getTime() ?? 0) - Date.now() - LOCK_MS)).toBeLessThan(1_500);
    expect(second.sequenceNumber?.greaterThan(first.sequenceNumber ?? 0)).toBe(true);
    expect(Math.abs((first.enqueuedTimeUtc?.getTime() ?? 0) - Date.now())).toBeLessThan(5_000);
  });
});

describe("broker 8: complete", () => {
  it("removes the message; a second settlement fails and a peek shows nothing", async () => {
    const { client, broker } = await givenBroker();
    await client.createSender("work").sendMessages({ body: "once" });
    const receiver = client.createReceiver("work");
    const message = await receiveOne(receiver);

    await receiver.completeMessage(message);

    await expect(receiver.completeMessage(message)).rejects.toThrow();
    expect(await receiver.peekMessages(10)).toEqual([]);
    expect(broker.counts()["work"]).toMatchObject({ active: 0, locked: 0 });
    expect(broker.stats()).toEqual({ sent: 1, received: 1, scheduled: 0, deadLettered: 0 });
  });
});

describe("broker 9: abandon", () => {
  it("brings the message back at once, at its place, with count + 1, a new token and the changed properties", async () => {
    const { client } = await givenBroker();
    const properties = { kept: "yes", changed: 1 };
    await client.createSender("work").sendMessages([
      { body: "first", applicationProperties: properties },
      { body: "second", applicationProperties: properties },
    ]);
    const receiver = client.createReceiver("work");
    const message = await receiveOne(receiver);

    await receiver.abandonMessage(message, { changed: 2, added: true });

    const again = await receiveOne(receiver);
    expect(again.body).toBe("first");
    expect(again.deliveryCount).toBe(1);
    expect(again.lockToken).not.toBe(message.lockToken);
    expect(again.sequenceNumber).toEqual(message.sequenceNumber);
    expect(again.applicationProperties).toEqual({ kept: "yes", changed: 2, added: true });
  });
});

describe("broker 10: the last failure", () => {
  it("dead-letters at the tenth abandon", async () => {
    const { client } = await givenBroker();
    await client.createSender("work").sendMessages({ body: "poison" });
    const receiver = client.createReceiver("work");
    for (let count = 0; count < 10; count++) {
      const message = await receiveOne(receiver);
      expect(message.deliveryCount).toBe(count);
      await receiver.abandonMessage(message);
    }

    const dead = await receiveOne(client.createReceiver("work", { subQueueType: "deadLetter" }));

    expect(dead.deadLetterReason).toBe("MaxDeliveryCountExceeded");
    expect(dead.body).toBe("poison");
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 200 })).toEqual([]);
  });

  it("dead-letters at the last end of a lock", async () => {
    const { client } = await givenBroker({ queues: [{ name: "work", lockMs: 300, maxDeliveryCount: 2 }] });
    await client.createSender("work").sendMessages({ body: "slow" });
    const receiver = client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 });
    await receiveOne(receiver);
    await receiveOne(receiver);

    const dead = await receiveOne(client.createReceiver("work", { subQueueType: "deadLetter" }));

    expect(dead.deadLetterReason).toBe("MaxDeliveryCountExceeded");
  });
});

describe("broker 11: dead letters", () => {
  it("keep body, properties, reason and description, and can be peeked, abandoned and completed, not sent to", async () => {
    const { client } = await givenBroker();
    await client.createSender("work").sendMessages({ body: { a: 1 }, applicationProperties: { n: 7 } });
    const receiver = client.createReceiver("work");
    const message = await receiveOne(receiver);
    await receiver.deadLetterMessage(message, { deadLetterReason: "why", deadLetterErrorDescription: "because" });

    const dead = client.createReceiver("work", { subQueueType: "deadLetter" });
    expect(await dead.peekMessages(5)).toHaveLength(1);
    await dead.abandonMessage(await receiveOne(dead));
    const again = await receiveOne(dead);
    expect(again).toMatchObject({ body: { a: 1 }, deadLetterReason: "why", deadLetterErrorDescription: "because" });
    expect(again.applicationProperties).toMatchObject({ n: 7 });
    await dead.completeMessage(again);
    expect(await dead.peekMessages(5)).toEqual([]);
    await expect(client.createSender("work/$deadletterqueue").sendMessages({ body: 1 })).rejects.toThrow();
  });
});

describe("broker 12: replay", () => {
  it("gives a new message with count 0, a higher number and no reason", async () => {
    const { client } = await givenBroker();
    const sender = client.createSender("work");
    await sender.sendMessages({ body: "again" });
    const receiver = client.createReceiver("work");
    await receiver.deadLetterMessage(await receiveOne(receiver), {
      deadLetterReason: "why",
      deadLetterErrorDescription: "because",
    });
    const deadReceiver = client.createReceiver("work", { subQueueType: "deadLetter" });
    const dead = await receiveOne(deadReceiver);

    await sender.sendMessages({ body: String(dead.body) });
    await deadReceiver.completeMessage(dead);

    const replayed = await receiveOne(receiver);
    expect(replayed.deliveryCount).toBe(0);
    expect(replayed.deadLetterReason).toBeUndefined();
    expect(replayed.sequenceNumber?.greaterThan(dead.sequenceNumber ?? 0)).toBe(true);
  });
});

describe("broker 13: deferral", () => {
  it("hides a message until it is asked for by its number; abandon keeps it deferred", async () => {
    const { client } = await givenBroker();
    await client.createSender("work").sendMessages({ body: "later" });
    const receiver = client.createReceiver("work");
    const message = await receiveOne(receiver);
    await receiver.deferMessage(message);
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 200 })).toEqual([]);

    const number = message.sequenceNumber;
    if (number === undefined) throw new Error("a received message has a number");
    const [taken] = await receiver.receiveDeferredMessages(number);
    if (taken === undefined) throw new Error("the deferred message did not come");
    await receiver.abandonMessage(taken);
    const [again] = await receiver.receiveDeferredMessages(number);
    if (again === undefined) throw new Error("an abandoned deferred message did not stay");
    await receiver.completeMessage(again);

    await expect(receiver.receiveDeferredMessages(number)).rejects.toMatchObject({ code: "MessageNotFound" });
  });
});

describe("broker 16: the end of a lock", () => {
  it("gives the message to another receiver with count + 1, and the old token is worth nothing", async () => {
    const { client, broker } = await givenBroker();
    await client.createSender("work").sendMessages({ body: "slow" });
    const slow = client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(slow);
    const started = Date.now();

    const other = givenClient(broker).createReceiver("work");
    const again = await receiveOne(other);

    expect(Date.now() - started).toBeLessThan(LOCK_MS + 1_000);
    expect(again.deliveryCount).toBe(1);
    const lost = { code: "MessageLockLost" };
    await expect(slow.renewMessageLock(message)).rejects.toMatchObject(lost);
    await expect(slow.completeMessage(message)).rejects.toMatchObject(lost);
    await other.completeMessage(again);
  });
});

describe("broker 17: renewal", () => {
  it("keeps a message for 1.6 locks, by hand and by the client itself", async () => {
    const { client, broker } = await givenBroker();
    await client.createSender("work").sendMessages([{ body: "by hand" }, { body: "by itself" }]);
    const byHand = client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 });
    const byItself = client.createReceiver("work");
    const first = await receiveOne(byHand);
    const second = await receiveOne(byItself);

    await delay(LOCK_MS * 0.8);
    await byHand.renewMessageLock(first);
    const other = givenClient(broker).createReceiver("work");
    expect(await other.receiveMessages(1, { maxWaitTimeInMs: LOCK_MS * 0.8 })).toEqual([]);

    await byHand.completeMessage(first);
    await byItself.completeMessage(second);
  });
});

describe("broker 18: a link that has gone", () => {
  it("lets its message be completed by token", async () => {
    const { client, broker } = await givenBroker();
    await client.createSender("work").sendMessages({ body: "still mine" });
    const receiver = client.createReceiver("work");
    const message = await receiveOne(receiver);
    await receiver.close();

    await client.createReceiver("work").completeMessage(message);

    expect(broker.counts()["work"]).toMatchObject({ active: 0, locked: 0, orphaned: 0 });
  });

  it("gives an unsettled message back by the end of its lock, also after a cut socket", async () => {
    const { client, broker } = await givenBroker();
    await client.createSender("work").sendMessages({ body: "left" });
    await receiveOne(client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 }));

    broker.cutConnections();

    const again = await receiveOne(givenClient(broker).createReceiver("work"));
    expect(again.deliveryCount).toBe(1);
  });
});

describe("broker 19: peek", () => {
  it("pages by number, ends with nothing and changes nothing", async () => {
    const { client } = await givenBroker();
    await client.createSender("work").sendMessages([1, 2, 3, 4, 5].map((body) => ({ body })));
    const receiver = client.createReceiver("work");

    const pages = [await receiver.peekMessages(2), await receiver.peekMessages(2), await receiver.peekMessages(2)];

    expect(pages.map((page) => page.map(({ body }) => body as unknown))).toEqual([[1, 2], [3, 4], [5]]);
    expect(await receiver.peekMessages(2)).toEqual([]);
    expect(await receiveAll(receiver, 5)).toEqual([1, 2, 3, 4, 5]);
  });
});
