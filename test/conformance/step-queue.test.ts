// StepQueue in memory and on the embedded broker through the real SDK.
import { ServiceBusClient } from "@azure/service-bus";
import { describe, expect, it } from "vitest";
import { startBroker } from "../../apps/local/broker/broker.ts";
import { openStepQueue } from "../../shared/azure/service-bus-step-queue.ts";
import { parseStepMessage } from "../../shared/codec/step-message.ts";
import type { Step } from "../../shared/domain/names.ts";
import { STEPS } from "../../shared/domain/names.ts";
import type { Nudge } from "../../shared/domain/nudge.ts";
import { releaseId } from "../../shared/domain/nudge.ts";
import { MINUTE_MS } from "../../shared/domain/instant.ts";
import { MemoryStepQueue } from "../../shared/memory/memory-step-queue.ts";
import { VirtualClock } from "../../shared/memory/virtual-clock.ts";
import { Unavailable } from "../../shared/ports/errors.ts";
import type { StepQueue } from "../../shared/ports/step-queue.ts";
import { T0 } from "../support/builders.ts";

interface Arrived {
  readonly id: string;
  readonly nudge: Nudge | null;
}
interface QueueUnderTest {
  readonly clock: VirtualClock;
  readonly queue: StepQueue;
  /** What has come to the queue of a step by now, at least so many. */
  take(step: Step, least: number): Promise<readonly Arrived[]>;
  moved(): void;
  close(): Promise<void>;
}

function arrived(id: string, body: unknown): Arrived {
  const parsed = parseStepMessage(body);
  return { id, nudge: parsed.kind === "nudge" ? parsed.nudge : null };
}

async function openMemory(): Promise<QueueUnderTest> {
  const clock = new VirtualClock(T0);
  const queue = new MemoryStepQueue();
  return {
    clock,
    queue,
    take: async (step) => {
      const due = queue.takeDue(clock.now());
      for (const message of due) if (message.step !== step) queue.putBack(message);
      return due.filter((message) => message.step === step).map(({ id, body }) => arrived(id, JSON.parse(body)));
    },
    moved: () => undefined,
    close: async () => undefined,
  };
}

async function openBroker(): Promise<QueueUnderTest> {
  const clock = new VirtualClock(T0);
  const queues = STEPS.map((step) => ({ name: `mfa-${step}`, lockMs: 5 * MINUTE_MS, maxDeliveryCount: 10 }));
  const broker = await startBroker({ clock, dataDir: null, port: 0, queues, log: () => undefined });
  const queue = await openStepQueue({ kind: "connection-string", text: broker.connectionString }, clock);
  const client = new ServiceBusClient(broker.connectionString);
  return {
    clock,
    queue,
    take: async (step, least) => {
      const receiver = client.createReceiver(`mfa-${step}`, { receiveMode: "receiveAndDelete" });
      const wait = least === 0 ? 300 : 5_000;
      const messages = await receiver.receiveMessages(10, { maxWaitTimeInMs: wait });
      await receiver.close();
      return messages.map(({ messageId, body }) => arrived(String(messageId), body));
    },
    moved: () => broker.clockMoved(),
    close: async () => {
      await queue.close();
      await client.close();
      await broker.close();
    },
  };
}

const KINDS = [
  { kind: "memory", open: openMemory },
  { kind: "Service Bus", open: openBroker },
] as const;

function aNudge(step: Step, batch: number, grant: Nudge["grant"] = []): Nudge {
  return { tenant: "t", rollout: "pilot", wave: "first", batch, step, grant };
}

describe.each(KINDS)("step queue: $kind", ({ open }) => {
  it("brings each nudge as it was to the queue of its step, in order, with its id", async () => {
    const under = await open();
    const nudges = [aNudge("enable", 1), aNudge("notify", 2, [{ sender: "s", count: 4 }]), aNudge("enable", 3)];
    await under.queue.send(nudges.map((nudge, index) => ({ id: releaseId(nudge, index), nudge, at: 0 })));
    const enable = await under.take("enable", 2);
    expect(enable).toEqual([
      { id: "enable:pilot:first:1:0", nudge: nudges[0] },
      { id: "enable:pilot:first:3:2", nudge: nudges[2] },
    ]);
    expect(await under.take("notify", 1)).toEqual([{ id: "notify:pilot:first:2:1", nudge: nudges[1] }]);
    await under.close();
  });

  it("shows a scheduled nudge not a moment before its time", async () => {
    const under = await open();
    const nudge = aNudge("enforce", 1);
    await under.queue.send([{ id: "later", nudge, at: T0 + MINUTE_MS }]);
    expect(await under.take("enforce", 0)).toEqual([]);
    under.clock.moveTo(T0 + MINUTE_MS);
    under.moved();
    expect(await under.take("enforce", 1)).toEqual([{ id: "later", nudge }]);
    await under.close();
  });

  it("takes two nudges with one id as two: idempotence is in the rows", async () => {
    const under = await open();
    const nudge = aNudge("restore", 1);
    await under.queue.send([0, 1].map(() => ({ id: "same", nudge, at: 0 })));
    expect(await under.take("restore", 2)).toHaveLength(2);
    await under.close();
  });
});

describe("step queue on a broker that is gone", () => {
  it("says that the service is not available", async () => {
    const clock = new VirtualClock(T0);
    const queue = await openStepQueue(
      {
        kind: "connection-string",
        text: "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;",
      },
      clock,
    );
    await expect(queue.send([{ id: "x", nudge: aNudge("enable", 1), at: 0 }])).rejects.toBeInstanceOf(Unavailable);
    await queue.close();
  });
});
