// What Service Bus has and the embedded broker has not: each is refused in words, where it is asked for.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ServiceBusAdministrationClient } from "@azure/service-bus";
import { describe, expect, it } from "vitest";
import { startBroker } from "../../../apps/local/broker/broker.ts";
import { until } from "../until.ts";
import { buildBroker, expectRefusal, run } from "./broker-program.ts";
import { givenBroker, givenFolder } from "./broker-under-test.ts";

buildBroker();

describe("broker 24: a queue that asks for duplicate detection", () => {
  it("stops the start before anything is made, and names each such queue", async () => {
    const dataDir = join(await givenFolder(), "data");
    const queue = { lockMs: 1_000, maxDeliveryCount: 10 };
    const starting = startBroker({
      clock: { now: Date.now },
      dataDir,
      port: 0,
      queues: [
        { ...queue, name: "plain", requiresDuplicateDetection: false },
        { ...queue, name: "once", requiresDuplicateDetection: true },
        { ...queue, name: "in-order", requiresSession: true },
      ],
      log: () => undefined,
    });

    await expect(starting).rejects.toThrow(
      'queue "once": requiresDuplicateDetection: the embedded broker has no duplicate detection. Leave it out and let ' +
        "handlers bear a message that comes twice; or use a queue in Azure.\n" +
        'queue "in-order": requiresSession: the embedded broker has no sessions. Leave it out, or use a queue in Azure.',
    );
    expect(existsSync(dataDir)).toBe(false);
  });

  it("is refused by npm run broker with one line and exit code 2", async () => {
    const seen = run("--port", "0", "--queue", "orders:30:requiresDuplicateDetection");

    await expectRefusal(
      seen,
      /^queue "orders": requiresDuplicateDetection: the embedded broker has no duplicate detection\./,
    );
  });
});

describe("broker 24: whoever asks for more than there is", () => {
  it("gets no session, and reads why in the log", async () => {
    const { client, lines } = await givenBroker();

    // The SDK's own words for any refused session; they alone would let a person look for another receiver.
    await expect(client.acceptSession("work", "one")).rejects.toMatchObject({ code: "SessionCannotBeLocked" });

    expect(lines).toContain("broker: a link was refused: The embedded broker has no sessions and no filters.");
  });

  it("reads in the log that there is no administration", async () => {
    const { broker, lines } = await givenBroker();
    const asking = new ServiceBusAdministrationClient(broker.connectionString, { retryOptions: { maxRetries: 0 } });

    await expect(asking.getQueueRuntimeProperties("work")).rejects.toThrow();

    await until(
      "a line",
      () => lines.join("\n"),
      (text) => text.includes("a TLS client was refused"),
    );
  });
});
