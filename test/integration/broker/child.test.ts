// The broker as the supervisor's child: its faults are switched and read through questions.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import { expect, it, onTestFinished } from "vitest";
import { SupervisedChild } from "../../../apps/local/supervisor/child-process.ts";
import { buildEntry } from "../../support/build-entry.ts";
import { buildBroker, expectRefusal, run } from "./broker-program.ts";
import { givenFolder } from "./broker-under-test.ts";

buildBroker();

async function givenChild(queues: readonly object[], dataDir: string | null = null): Promise<SupervisedChild> {
  const built = await mkdtemp(join(tmpdir(), "broker-child-"));
  onTestFinished(() => rm(built, { recursive: true, force: true }));
  const child = new SupervisedChild(
    {
      entry: await buildEntry("apps/local/supervisor/broker-child.ts", built),
      role: "broker",
      environment: process.env,
      onLine: () => undefined,
      onHint: () => undefined,
      onDeath: () => undefined,
    },
    { seq: () => 0, offset: () => 0, settings: { dataDir, port: 0, queues, faultSeed: 5 } },
  );
  onTestFinished(() => child.close(2_000));
  return child;
}

it("broker 33: faults are switched while it runs, and stats tell what happened", async () => {
  const child = await givenChild([{ name: "work", lockMs: 5_000, maxDeliveryCount: 10 }]);
  const { info } = await child.ready;
  const client = new ServiceBusClient(info["connectionString"] ?? "");
  onTestFinished(() => client.close());
  const sender = client.createSender("work");
  await sender.sendMessages({ body: 1 });
  expect(await child.ask("stats")).toEqual({ sent: 1, received: 0, scheduled: 0, deadLettered: 0, faults: {} });

  await child.ask(`faults ${JSON.stringify([{ name: "bus-duplicate", rate: 1 }])}`);
  await sender.sendMessages({ body: 2 });
  await child.ask("faults []");
  await sender.sendMessages({ body: 3 });

  expect(await child.ask("stats")).toMatchObject({ sent: 4, faults: { "bus-duplicate": 1 } });
});

it("broker 24: the child ends with the words of the refusal", async () => {
  const child = await givenChild([
    { name: "once", lockMs: 5_000, maxDeliveryCount: 10, requiresDuplicateDetection: true },
  ]);

  await expect(child.ready).rejects.toThrow('queue "once": requiresDuplicateDetection: the embedded broker has no');
});

it("waits a moment for the folder: the child of a supervisor that was killed may still be ending", async () => {
  const dataDir = await givenFolder();
  const queues = [{ name: "work", lockMs: 5_000, maxDeliveryCount: 10 }];
  const first = await givenChild(queues, dataDir);
  await first.ready;
  const second = await givenChild(queues, dataDir);
  // Whoever does not wait is refused meanwhile; the second of these begins when the child has long asked for the folder.
  for (const port of ["0", "0"])
    await expectRefusal(run("--port", port, "--queue", "work", "--data", dataDir), /in use by process/);

  first.kill();

  await expect(second.ready).resolves.toMatchObject({ ports: { broker: expect.any(Number) as unknown } });
});
