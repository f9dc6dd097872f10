// What the log survives: a SIGKILL under load and in the middle of a compaction, a torn tail, a damaged middle, a full disk.
import { watch } from "node:fs";
import { copyFile, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../until.ts";
import {
  buildBroker,
  ended,
  expectRefusal,
  peekAll,
  run,
  send,
  started,
  startedLimited,
  type Run,
} from "./broker-program.ts";
import { givenFolder } from "./broker-under-test.ts";

buildBroker();

describe("broker 30: kill -9 under load", () => {
  it("loses no acknowledged send and brings back no acknowledged complete", async () => {
    const folder = await givenFolder();
    const tally = emptyTally();
    for (let round = 0; round < 3; round++) {
      const { seen, connection } = await started("--data", folder);
      const isEnough = (sent: number, done: number): boolean => sent >= 150 + round * 37 && done >= 50;
      await loadUntilKilled(connection, { round, padding: 0, isEnough }, seen, tally);
    }
    expect(Math.min(tally.acknowledged.size, tally.completed.size)).toBeGreaterThan(100);
    await expectNothingLost(folder, tally);
  });

  it("finds the log whole when it is killed in the middle of a compaction", async () => {
    const folder = await givenFolder();
    const tally = emptyTally();
    let began = 0;
    const watcher = watch(folder, (_, name) => {
      if (name === "broker.log.tmp") began++;
    });
    onTestFinished(() => watcher.close());
    for (let round = 0; round < 3; round++) {
      const { seen, connection } = await started("--data", folder);
      const before = began;
      // The watcher sees the new file before it has taken the old one's place, or just after.
      const isEnough = (): boolean => began > before;
      await loadUntilKilled(connection, { round, padding: 10_000, isEnough }, seen, tally);
    }

    expect(began).toBeGreaterThanOrEqual(3);
    expect((await stat(join(folder, "broker.log"))).size).toBeLessThan((tally.acknowledged.size * 10_000) / 2);
    await expectNothingLost(folder, tally);
  });

  it("cuts a torn last record off and says so", async () => {
    const folder = await givenFolder();
    const first = await started("--data", folder);
    await send(first.connection, ["whole", "torn"]);
    first.seen.child.kill("SIGKILL");
    await ended(first.seen);
    const bytes = await readFile(join(folder, "broker.log"));
    await writeFile(join(folder, "broker.log"), bytes.subarray(0, bytes.length - 5));

    const { seen, connection } = await started("--data", folder);

    expect(seen.stderr).toContain("the last record was torn");
    expect([...(await peekAll(connection))]).toEqual(["whole"]);
  });
});

describe("broker 36: a log that is damaged in the middle", () => {
  it("is refused with the two ways to mend it, and both do", async () => {
    const folder = await givenFolder();
    const log = join(folder, "broker.log");
    const first = await started("--data", folder);
    await send(first.connection, ["a".repeat(500), "b", "c"]);
    first.seen.child.kill("SIGTERM");
    await ended(first.seen);
    await copyFile(log, join(folder, "copy"));
    const bytes = await readFile(log);
    bytes[bytes.indexOf("aaaa") + 2] = 0;
    await writeFile(log, bytes);

    await expectRefusal(
      run("--port", "0", "--queue", "work", "--data", folder),
      /broker\.log: The broker's log is damaged at byte \d+: .*Restore the file from a copy, or move it away to start with empty queues\./,
    );
    expect(await readFile(log), "the damaged file is left as it was").toEqual(bytes);

    await rename(log, join(folder, "damaged"));
    const empty = await started("--data", folder);
    expect([...(await peekAll(empty.connection))]).toEqual([]);
    empty.seen.child.kill("SIGTERM");
    await ended(empty.seen);

    await copyFile(join(folder, "copy"), log);
    const restored = await started("--data", folder);
    expect([...(await peekAll(restored.connection))]).toEqual(["a".repeat(500), "b", "c"]);
  });
});

describe("broker 36: a disk without room", () => {
  it("stops accepting in the middle of a record, says so, and loses nothing", async () => {
    const folder = await givenFolder();
    // The system's own limit on the size of a file stands for the full disk: part of the last record is written.
    const { seen, connection } = await startedLimited(100, "--data", folder);
    const client = new ServiceBusClient(connection, { retryOptions: { maxRetries: 0 } });
    onTestFinished(() => client.close());
    const sender = client.createSender("work");
    const acknowledged: string[] = [];
    let refused = "";
    for (let n = 0; refused === "" && n < 500; n++) {
      const body = `${String(n)} ${"x".repeat(1_000)}`;
      await sender.sendMessages({ body }).then(
        () => acknowledged.push(body),
        (error: unknown) => (refused = String(error)),
      );
    }
    expect(refused).toContain("EFBIG");
    await expect(sender.sendMessages({ body: "later" })).rejects.toThrow("EFBIG");
    expect(seen.stderr).toContain("broker: nothing is accepted from now on, the log cannot be written: EFBIG");
    seen.child.kill("SIGTERM");
    expect(await ended(seen)).toBe(0);

    const again = await started("--data", folder);
    expect(again.seen.stderr).toContain("the last record was torn");
    expect([...(await peekAll(again.connection))]).toEqual(acknowledged);
    expect(acknowledged.length).toBeGreaterThan(10);
  });
});

interface Tally {
  readonly acknowledged: Set<string>;
  readonly completed: Set<string>;
  /** Completes without an answer so far. */
  readonly uncertain: Set<string>;
}

function emptyTally(): Tally {
  return { acknowledged: new Set(), completed: new Set(), uncertain: new Set() };
}

async function expectNothingLost(folder: string, { acknowledged, completed, uncertain }: Tally): Promise<void> {
  const { connection } = await started("--data", folder);
  const found = await peekAll(connection);
  const missing = [...acknowledged].filter((id) => !completed.has(id) && !found.has(id));
  const undead = [...completed].filter((id) => found.has(id));
  // A complete whose answer the kill swallowed may have been stored: those alone may be missing.
  expect(missing.filter((id) => !uncertain.has(id))).toEqual([]);
  expect(undead).toEqual([]);
}

interface Load {
  /** Makes the ids of its messages its own. */
  readonly round: number;
  /** Bytes of each message beside its id. */
  readonly padding: number;
  readonly isEnough: (sent: number, done: number) => boolean;
}

/** Sends and completes until it is enough, then kills in the middle of the rest. */
async function loadUntilKilled(
  connection: string,
  { round, padding, isEnough }: Load,
  seen: Run,
  { acknowledged, completed, uncertain }: Tally,
): Promise<void> {
  const client = new ServiceBusClient(connection, { retryOptions: { maxRetries: 0, timeoutInMs: 1_000 } });
  const sender = client.createSender("work");
  const receiver = client.createReceiver("work");
  let sent = 0;
  let done = 0;
  const killWhenEnough = (): void => {
    if (isEnough(sent, done)) seen.child.kill("SIGKILL");
  };
  receiver.subscribe(
    {
      processMessage: async (message) => {
        const id = String(message.body);
        uncertain.add(id);
        await receiver.completeMessage(message);
        completed.add(id);
        uncertain.delete(id);
        done++;
        killWhenEnough();
      },
      processError: () => Promise.resolve(),
    },
    { autoCompleteMessages: false, maxConcurrentCalls: 16 },
  );
  const sendOne = async (id: string): Promise<void> => {
    await sender.sendMessages({ body: id, applicationProperties: { padding: "x".repeat(padding) } });
    acknowledged.add(id);
    sent++;
    killWhenEnough();
  };
  const pending: Promise<unknown>[] = [];
  for (let n = 0; seen.code === undefined && n < 5_000; n++) {
    pending.push(sendOne(`${String(round)}-${String(n)}`).catch(() => undefined));
    // A queue that only grows is never worth a compaction: the receiver keeps up.
    if (n % 20 === 0) {
      await until("the receiver or the kill", () => n - done < 40 || seen.code !== undefined, Boolean);
    }
  }
  await ended(seen);
  await Promise.race([Promise.all(pending), new Promise((resolve) => setTimeout(resolve, 1_500))]);
  await Promise.race([client.close(), new Promise((resolve) => setTimeout(resolve, 500))]);
}
