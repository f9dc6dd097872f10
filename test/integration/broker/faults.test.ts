// Faults by hook and by rate: what a client meets, how it goes on, and that none of them makes a held run stand still.
import type { ServiceBusClient } from "@azure/service-bus";
import { describe, expect, it, onTestFinished } from "vitest";
import { BrokerFaults, type BrokerFault } from "../../../apps/local/broker/faults.ts";
import type { Broker } from "../../../apps/local/broker/broker.ts";
import { FAULT_NAMES, isFaultOf } from "../../../apps/local/faults/vocabulary.ts";
import { until } from "../until.ts";
import { givenBroker, givenClient, givenFolder, movableClock } from "./broker-under-test.ts";

const BROKER_FAULTS = FAULT_NAMES.filter((name) => isFaultOf(name, "broker"));

/** `completed`: bodies; `running`: handlers at work. */
function subscribe(client: ServiceBusClient, calls = 1, workMs = 0) {
  const seen = { completed: new Set<unknown>(), running: 0 };
  const receiver = client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 300_000 });
  receiver.subscribe(
    {
      processMessage: async (message) => {
        seen.running++;
        try {
          await new Promise((resolve) => setTimeout(resolve, workMs));
          await receiver.completeMessage(message);
          seen.completed.add(message.body);
        } finally {
          seen.running--;
        }
      },
      processError: () => Promise.resolve(),
    },
    { autoCompleteMessages: false, maxConcurrentCalls: calls },
  );
  return seen;
}

describe("broker 27 and 33: one fault by hook", () => {
  const links = BROKER_FAULTS.filter((name) => name !== "bus-busy" && name !== "bus-lost-acknowledgement");

  it.each(links)("%s: a subscription goes on and nothing is lost", async (fault) => {
    const faults = new BrokerFaults({ seed: 7 });
    const { client } = await givenBroker({ faults });
    const sender = client.createSender("work");
    const { completed } = subscribe(client);
    await sender.sendMessages({ body: 0 });
    faults.arm(fault, 1);

    // Together, because a message is only late for another one that waits with it.
    await sender.sendMessages([1, 2, 3, 4, 5].map((body) => ({ body })));

    await until(
      "all six",
      () => completed.size,
      (count) => count === 6,
      20_000,
    );
    expect(faults.happened()).toEqual({ [fault]: 1 });
  });

  it("bus-detach with server-busy: a subscription goes on", async () => {
    const faults = new BrokerFaults({ seed: 7, detachCondition: "com.microsoft:server-busy" });
    const { client } = await givenBroker({ faults });
    const { completed } = subscribe(client);
    faults.arm("bus-detach", 1);
    const sender = client.createSender("work");
    await sender.sendMessages({ body: 1 });
    await until("a detached link", () => faults.happened()["bus-detach"], Boolean);
    await sender.sendMessages({ body: 2 });

    await until(
      "both",
      () => completed.size,
      (count) => count === 2,
      20_000,
    );
  });

  it("bus-busy is tried again by the client, and a lost acknowledgement stores the message twice", async () => {
    const faults = new BrokerFaults({ seed: 7 });
    const { client, broker } = await givenBroker({ faults });
    const sender = client.createSender("work");
    faults.arm("bus-busy", 1);
    await sender.sendMessages({ body: "busy" });
    expect(broker.counts()["work"]?.active).toBe(1);

    faults.arm("bus-lost-acknowledgement", 1);
    await sender.sendMessages({ body: "lost" });
    expect(broker.counts()["work"]?.active).toBe(3);
  });

  it("a lost acknowledgement does not stop its link after a ring of 2,048 later messages", async () => {
    const faults = new BrokerFaults({ seed: 7 });
    const { broker } = await givenBroker({ faults });
    const sender = givenClient(broker, { retryOptions: { maxRetries: 0, timeoutInMs: 10_000 } }).createSender("work");
    faults.arm("bus-lost-acknowledgement", 1);
    const lost = sender.sendMessages({ body: "lost" });

    for (let round = 0; round < 22; round++) {
      await Promise.all(Array.from({ length: 100 }, (_, body) => sender.sendMessages({ body })));
    }

    await lost;
    expect(broker.counts()["work"]?.active).toBe(2_201);
  });
});

describe("broker 27: a restart", () => {
  it("is survived by the same sender and subscription", async () => {
    const dataDir = await givenFolder();
    const first = await givenBroker({ dataDir });
    const handled: string[] = [];
    first.client.createReceiver("work").subscribe({
      processMessage: (message) => {
        handled.push(String(message.body));
        return Promise.resolve();
      },
      processError: () => Promise.resolve(),
    });
    const sender = first.client.createSender("work");
    await sender.sendMessages({ body: "before" });
    await until(
      "the first",
      () => handled.length,
      (count) => count === 1,
    );
    await first.broker.close();

    await givenBroker({ dataDir, port: first.broker.port });
    await until(
      "a send",
      () =>
        sender.sendMessages({ body: "after" }).then(
          () => true,
          () => false,
        ),
      Boolean,
      20_000,
    );

    await until("the second", () => handled.includes("after"), Boolean, 20_000);
  });
});

describe("broker 28: a cut with sends in flight", () => {
  it("leaves each acknowledged message in the queue", async () => {
    const { client, broker } = await givenBroker();
    const sender = client.createSender("work");
    await sender.sendMessages({ body: "first" });
    const acknowledged: number[] = [];
    const sends = Array.from({ length: 200 }, async (_, body) => {
      await sender.sendMessages({ body });
      acknowledged.push(body);
      if (acknowledged.length === 50) broker.cutConnections();
    });

    await Promise.allSettled(sends);

    const found = await givenClient(broker).createReceiver("work").peekMessages(1_000);
    const bodies = new Set(found.map(({ body }): unknown => body));
    expect(acknowledged.length).toBeGreaterThanOrEqual(50);
    expect(acknowledged.filter((body) => !bodies.has(body))).toEqual([]);
  });
});

describe("broker 33: rates", () => {
  it("strike the same chances for the same seed, whatever else is switched on", () => {
    const strikes = (seed: number, others: readonly BrokerFault[]): boolean[] => {
      const rates = [
        { name: "bus-cut" as const, rate: 0.3 },
        { name: "bus-busy" as const, rate: 0.5 },
      ];
      const faults = new BrokerFaults({ seed, faults: rates });
      return Array.from({ length: 200 }, () => {
        for (const other of others) faults.strikes(other);
        return faults.strikes("bus-cut");
      });
    };

    expect(strikes(3, ["bus-busy"])).toEqual(strikes(3, []));
    expect(strikes(4, [])).not.toEqual(strikes(3, []));
    expect(strikes(3, []).filter(Boolean).length).toBeGreaterThan(30);
    expect(strikes(3, []).filter(Boolean).length).toBeLessThan(90);
  });

  it("can be switched while the broker runs, and what happened stays told", () => {
    const faults = new BrokerFaults({ seed: 3 });
    expect(faults.strikes("bus-busy")).toBe(false);

    faults.set([{ name: "bus-busy", rate: 1 }]);
    expect(faults.strikes("bus-busy")).toBe(true);
    faults.set([]);

    expect(faults.strikes("bus-busy")).toBe(false);
    expect(faults.happened()).toEqual({ "bus-busy": 1 });
  });
});

describe("a held broker with locks of five minutes", () => {
  /** As the supervisor does: holds, jumps to what is due where nothing is in flight, and lets go. */
  function keepTime(broker: Broker, clock: { offset: number }, isBusy: () => boolean): void {
    const looking = setInterval(() => {
      const { active, locked, nextDue } = broker.hold();
      if (active + locked === 0 && nextDue !== null && !isBusy()) {
        clock.offset = Math.max(clock.offset, nextDue - Date.now());
        broker.clockMoved();
      }
      broker.go();
    }, 20);
    onTestFinished(() => clearInterval(looking));
  }

  it.each(BROKER_FAULTS)("broker 33: %s costs seconds of wall time, never a lock", async (fault) => {
    const clock = movableClock();
    const faults = new BrokerFaults({ seed: 7 });
    const queues = [{ name: "work", lockMs: 300_000, maxDeliveryCount: 1_000 }];
    const { broker } = await givenBroker({ clock, faults, queues });
    // The product's client waits for 5 s where an answer is lost: here a second says the same.
    const retryOptions = { maxRetries: 5, retryDelayInMs: 100, maxRetryDelayInMs: 1_000, timeoutInMs: 1_000 };
    const sender = givenClient(broker, { retryOptions }).createSender("work");
    let isSending = true;
    const seen = subscribe(givenClient(broker, { retryOptions }), 8, 20);
    keepTime(broker, clock, () => isSending || seen.running > 0);
    faults.set([{ name: fault, rate: 0.1 }]);

    // In bursts, so that there is something to be late for; one by one there are chances enough for what strikes sends.
    const bodies = Array.from({ length: 100 }, (_, body) => ({ body }));
    await sender.sendMessages(bodies.slice(0, 40));
    for (const message of bodies.slice(40, 60)) await sender.sendMessages(message);
    await sender.sendMessages(bodies.slice(60));
    isSending = false;

    await until(
      "all completed and nothing left",
      () => ({ ...broker.hold(), completed: seen.completed.size, running: seen.running, happened: faults.happened() }),
      ({ completed, active, locked, orphaned, nextDue }) =>
        completed === bodies.length && active + locked + orphaned === 0 && nextDue === null,
      30_000,
    );
    expect(faults.happened()[fault]).toBeGreaterThan(0);
  });
});
