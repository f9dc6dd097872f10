// Clients that say nothing: one that is only idle is kept, one that has vanished is dropped.
import { once } from "node:events";
import { connect } from "node:net";
import rhea from "rhea";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../until.ts";
import { givenBroker, givenClient, movableClock, receiveAll, receiveOne } from "./broker-under-test.ts";
import { givenMuffledWire } from "./muffled-wire.ts";

const IDLE_MS = 300;
const LOCK_MS = 300_000;
const GRACE_MS = 1_000; // for the close frame that tells the client why
const SASL_HEADER = Buffer.from("AMQP\x03\x01\x00\x00", "latin1");

describe("broker 34: an idle client", () => {
  it("is kept without traffic for many times the idle limit", async () => {
    const { client, lines } = await givenBroker({ idleMs: IDLE_MS });
    const sender = client.createSender("work");
    await sender.sendMessages({ body: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5 * IDLE_MS));

    await sender.sendMessages({ body: 2 });

    expect(await receiveAll(client.createReceiver("work"), 2)).toEqual([1, 2]);
    expect(lines).toEqual([]);
  });

  it("hears from the broker often enough for the limit that it announced itself", async () => {
    const { broker } = await givenBroker();
    const ends: string[] = [];
    const connection = rhea
      .create_container()
      .connect({ host: "127.0.0.1", port: broker.port, idle_time_out: IDLE_MS / 2, reconnect: false });
    for (const event of ["disconnected", "connection_close"]) connection.on(event, () => ends.push(event));
    await new Promise((resolve) => connection.once("connection_open", resolve));

    await new Promise((resolve) => setTimeout(resolve, 3 * IDLE_MS));

    expect(ends).toEqual([]);
    connection.close();
  });
});

describe("broker 34: a client that vanished", () => {
  it("is dropped after twice the idle limit, and what it had locked comes back, counted", async () => {
    const clock = movableClock();
    const queues = [{ name: "work", lockMs: LOCK_MS, maxDeliveryCount: 10 }];
    const { broker, client, lines } = await givenBroker({ clock, queues, idleMs: IDLE_MS });
    const wire = await givenMuffledWire(broker);
    const vanishing = givenClient({ ...broker, connectionString: wire.connectionString });
    await client.createSender("work").sendMessages({ body: "in work" });
    const receiver = vanishing.createReceiver("work", { receiveMode: "peekLock" });
    expect((await receiveOne(receiver)).deliveryCount).toBe(0);
    const silentSince = performance.now();
    wire.fallSilent();

    await until("an orphan", () => broker.counts()["work"]?.orphaned, Boolean, 2 * IDLE_MS + GRACE_MS + 1_000);

    // The client's last heartbeat may be half a limit old.
    expect(performance.now() - silentSince).toBeGreaterThan(1.5 * IDLE_MS);
    expect(lines).toEqual([expect.stringContaining("a client was silent for twice its idle limit of 0.3 s")]);
    clock.offset = LOCK_MS;
    broker.clockMoved();
    const again = await receiveOne(client.createReceiver("work"));
    expect(again).toMatchObject({ body: "in work", deliveryCount: 1 });
  });

  it("gets no message that was sent after it was dropped", async () => {
    const { broker, client } = await givenBroker({ idleMs: IDLE_MS });
    const wire = await givenMuffledWire(broker);
    const vanishing = givenClient({ ...broker, connectionString: wire.connectionString });
    const taken: unknown[] = [];
    vanishing.createReceiver("work").subscribe({
      processMessage: ({ body }) => {
        taken.push(body);
        return Promise.resolve();
      },
      processError: () => Promise.resolve(),
    });
    const sender = client.createSender("work");
    await sender.sendMessages({ body: "before" });
    await until(
      "one taken",
      () => taken,
      ({ length }) => length === 1,
    );
    await until(
      "nothing locked",
      () => broker.counts()["work"]?.locked,
      (locked) => locked === 0,
    );
    wire.fallSilent();
    await sender.sendMessages({ body: "into the void" });
    expect(broker.counts()["work"]).toMatchObject({ locked: 1 });
    await until("an orphan", () => broker.counts()["work"]?.orphaned, Boolean);

    await sender.sendMessages({ body: "after" });

    expect(broker.counts()["work"]).toMatchObject({ active: 1, locked: 0, orphaned: 1 });
    expect(await receiveAll(client.createReceiver("work"), 1)).toEqual(["after"]);
  });

  it.each([
    { when: "before it said a word", said: Buffer.alloc(0) },
    { when: "in the middle of the handshake", said: SASL_HEADER },
  ])("is dropped $when", async ({ said }) => {
    const { broker } = await givenBroker({ idleMs: IDLE_MS });
    const socket = connect(broker.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => undefined).resume();
    await once(socket, "connect");
    socket.write(said);
    const silentSince = performance.now();

    await once(socket, "close", { signal: AbortSignal.timeout(2 * IDLE_MS + GRACE_MS + 1_000) });

    expect(performance.now() - silentSince).toBeGreaterThan(1.5 * IDLE_MS);
  });
});
