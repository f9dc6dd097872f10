// What a message carries, and how many fit: bodies, properties, batches, sizes, times to live, many at once.
import { delay, type ServiceBusMessage } from "@azure/service-bus";
import { describe, expect, it } from "vitest";
import { givenBroker, givenClient, givenFolder, receiveAll, receiveOne } from "./broker-under-test.ts";

describe("broker 1: bodies", () => {
  it.each([
    ["JSON", { a: [1, "x", null] }],
    ["a string", "text with ümlaut"],
    ["a number", 42.5],
    ["null", null],
    ["an array", [1, 2, 3]],
  ])("%s comes back equal", async (_name, body) => {
    const { client } = await givenBroker();
    await client.createSender("work").sendMessages({ body });

    expect((await receiveOne(client.createReceiver("work"))).body).toEqual(body);
  });

  it("bytes come back as they went", async () => {
    const { client } = await givenBroker();
    const body = Buffer.from([0, 1, 2, 253, 254, 255]);
    await client.createSender("work").sendMessages({ body });

    const received = await receiveOne(client.createReceiver("work", { skipParsingBodyAsJson: true }));
    expect(Buffer.from(received.body as Uint8Array).equals(body)).toBe(true);
  });

  it("value and sequence bodies of the raw protocol come back equal", async () => {
    const { client } = await givenBroker();
    const sender = client.createSender("work");
    await sender.sendMessages({ bodyType: "value", body: { k: "v" } });
    await sender.sendMessages({ bodyType: "sequence", body: [[1, 2], [3]] });
    const receiver = client.createReceiver("work");

    expect((await receiveOne(receiver)).body).toEqual({ k: "v" });
    expect((await receiveOne(receiver)).body).toEqual([[1, 2], [3]]);
  });
});

const FIELDS = {
  messageId: "id-1",
  correlationId: "corr",
  subject: "subject",
  contentType: "application/json",
  to: "to",
  replyTo: "reply",
  replyToSessionId: "reply-session",
  partitionKey: "part",
  timeToLive: 3_600_000,
} satisfies Partial<ServiceBusMessage>;

describe("broker 2 and 3: fields and properties", () => {
  it("round trip with their types, after abandon with changes, after a restart, in the dead letters", async () => {
    const dataDir = await givenFolder();
    const properties = { text: "x", whole: 7, half: 7.5, yes: true, big: 4_294_967_296 };
    const first = await givenBroker({ dataDir });
    await first.client.createSender("work").sendMessages({ body: 1, ...FIELDS, applicationProperties: properties });
    const receiver = first.client.createReceiver("work");
    await receiver.abandonMessage(await receiveOne(receiver), { added: "yes" });
    await first.broker.close();

    const { client } = await givenBroker({ dataDir });
    const again = client.createReceiver("work");
    const message = await receiveOne(again);
    expect(message).toMatchObject({ ...FIELDS, deliveryCount: 1 });
    expect(message.applicationProperties).toEqual({ ...properties, added: "yes" });
    const expires = (message.enqueuedTimeUtc?.getTime() ?? 0) + FIELDS.timeToLive;
    expect(message.expiresAtUtc?.getTime()).toBe(expires);

    await again.deadLetterMessage(message, { deadLetterReason: "r", deadLetterErrorDescription: "d" });
    const dead = await receiveOne(client.createReceiver("work", { subQueueType: "deadLetter" }));
    expect(dead.applicationProperties).toMatchObject({ ...properties, added: "yes" });
  });
});

describe("broker 5: a message without an id", () => {
  it("gets a unique one and can be completed under lock renewal", async () => {
    const { client } = await givenBroker();
    await client.createSender("work").sendMessages([{ body: 1 }, { body: 2 }]);
    const receiver = client.createReceiver("work");
    const first = await receiveOne(receiver);
    const second = await receiveOne(receiver);

    expect(first.messageId).toMatch(/^[0-9a-f]{32}$/);
    expect(second.messageId).not.toBe(first.messageId);
    await receiver.completeMessage(first);
    await receiver.completeMessage(second);
  });
});

describe("broker 6: batches", () => {
  it("fill up to 256 KB and arrive in order, each message with its own properties", async () => {
    const { client } = await givenBroker();
    const sender = client.createSender("work");
    const batch = await sender.createMessageBatch();
    let count = 0;
    while (batch.tryAddMessage({ body: "x".repeat(2_000), applicationProperties: { n: count } })) count++;
    expect(batch.maxSizeInBytes).toBe(262_144);
    expect(count).toBeGreaterThan(100);
    await sender.sendMessages(batch);

    const messages = await client.createReceiver("work").receiveMessages(count, { maxWaitTimeInMs: 5_000 });
    expect(messages.map((message) => message.applicationProperties?.["n"])).toEqual([...Array(count).keys()]);
  });

  it("with a scheduled and an immediate message split", async () => {
    const { client, broker } = await givenBroker();
    const scheduledEnqueueTimeUtc = new Date(Date.now() + 3_600_000);
    await client.createSender("work").sendMessages([{ body: "now" }, { body: "later", scheduledEnqueueTimeUtc }]);

    expect(broker.counts()["work"]).toMatchObject({ active: 1, scheduled: 1 });
  });
});

describe("broker 7: sizes", () => {
  it("95 % of the limit round trips; above it is refused for good and the sender goes on", async () => {
    const { client } = await givenBroker();
    const sender = client.createSender("work");
    const large = "x".repeat(249_000);
    await sender.sendMessages({ body: large });

    await expect(sender.sendMessages({ body: "x".repeat(270_000) })).rejects.toMatchObject({
      code: "MessageSizeExceeded",
    });
    await sender.sendMessages({ body: "after" });

    expect(await receiveAll(client.createReceiver("work"), 2)).toEqual([large, "after"]);
  });
});

describe("broker 20: an empty receive", () => {
  it("ends in time, five times on one link", async () => {
    const { client } = await givenBroker();
    const receiver = client.createReceiver("work");
    await receiver.receiveMessages(1, { maxWaitTimeInMs: 50 }); // opens the link
    for (let round = 0; round < 5; round++) {
      const started = performance.now();
      expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 400 })).toEqual([]);
      expect(performance.now() - started).toBeLessThan(600);
    }
  });
});

describe("broker 21: two receivers", () => {
  it("share 400 messages without a double, and both get work", async () => {
    const { client, broker } = await givenBroker();
    const all = Array.from({ length: 400 }, (_, n) => n);
    await client.createSender("work").sendMessages(all.map((body) => ({ body })));
    const one = client.createReceiver("work");
    const two = givenClient(broker).createReceiver("work");

    const [a, b] = await Promise.all([receiveAll(one, 200), receiveAll(two, 200)]);

    expect(Math.min(a.length, b.length)).toBeGreaterThan(20);
    expect([...a, ...b].map(Number).sort((x, y) => x - y)).toEqual(all);
  });

  it("leave the rest to the other when one asks for 1", async () => {
    const { client, broker } = await givenBroker();
    await client.createSender("work").sendMessages(Array.from({ length: 100 }, (_, body) => ({ body })));
    await receiveOne(client.createReceiver("work"));

    const rest = givenClient(broker).createReceiver("work");
    expect(await receiveAll(rest, 99)).toHaveLength(99);
  });
});

describe("broker 22: many", () => {
  it("6,000 messages go through one sender and one receiver link, 1,500 of them locked at once", async () => {
    const { client } = await givenBroker({ queues: [{ name: "work", lockMs: 60_000, maxDeliveryCount: 10 }] });
    const sender = client.createSender("work");
    for (let sent = 0; sent < 6_000; sent += 500) {
      await sender.sendMessages(Array.from({ length: 500 }, (_, n) => ({ body: sent + n })));
    }
    const receiver = client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 });

    const held = await receiver.receiveMessages(1_500, { maxWaitTimeInMs: 5_000 });
    expect(held).toHaveLength(1_500);
    await Promise.all(held.map((message) => receiver.completeMessage(message)));
    const seen = new Set(held.map(({ body }) => Number(body)));
    while (seen.size < 6_000) {
      const messages = await receiver.receiveMessages(200, { maxWaitTimeInMs: 5_000 });
      if (messages.length === 0) break;
      await Promise.all(messages.map((message) => receiver.completeMessage(message)));
      for (const { body } of messages) seen.add(Number(body));
    }
    expect(seen.size).toBe(6_000);
  });
});

describe("broker 23: time to live", () => {
  it("drops an expired message, or dead-letters it where the queue says so", async () => {
    const { client } = await givenBroker({
      queues: [
        { name: "drops", lockMs: 2_000, maxDeliveryCount: 10 },
        { name: "keeps", lockMs: 2_000, maxDeliveryCount: 10, deadLetterOnExpiry: true },
      ],
    });
    for (const queue of ["drops", "keeps"]) {
      await client.createSender(queue).sendMessages({ body: queue, timeToLive: 100 });
    }
    await delay(300);

    expect(await client.createReceiver("drops").receiveMessages(1, { maxWaitTimeInMs: 200 })).toEqual([]);
    const dead = await receiveOne(client.createReceiver("keeps", { subQueueType: "deadLetter" }));
    expect(dead.deadLetterReason).toBe("TTLExpiredException");
  });
});

describe("broker 25: names", () => {
  it("an unknown queue is not found, for sender and receiver; a known one in any case is", async () => {
    const { client } = await givenBroker();
    const notFound = { code: "MessagingEntityNotFound" };
    const started = performance.now();
    await expect(client.createSender("nowhere").sendMessages({ body: 1 })).rejects.toMatchObject(notFound);
    await expect(client.createReceiver("nowhere").receiveMessages(1)).rejects.toMatchObject(notFound);
    expect(performance.now() - started).toBeLessThan(3_000);

    await client.createSender("WORK").sendMessages({ body: 1 });
    expect((await receiveOne(client.createReceiver("Work"))).body).toBe(1);
  });
});
