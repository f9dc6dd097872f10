// What is left when the supervisor is killed, and what it knows when it starts again: docs/EMBEDDED.md lists the numbers.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { ServiceBusClient } from "@azure/service-bus";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { openClockStore } from "../../../apps/local/supervisor/clock-store.ts";
import { readRecords } from "../host/records.ts";
import { until } from "../until.ts";
import { buildChildren } from "./built-children.ts";
import type { BuiltChildren } from "./built-children.ts";
import { newFolder, removeFolders, START, startUnderTest } from "./supervisor-under-test.ts";

let children: BuiltChildren;
let parents: ChildProcess[] = [];

beforeAll(async () => {
  children = await buildChildren();
});
afterAll(() => children.remove());
afterEach(() => {
  for (const parent of parents) parent.kill("SIGKILL");
  parents = [];
  removeFolders();
});

const said = z.object({ pids: z.array(z.int()), ports: z.array(z.int()), broker: z.string() });

interface Tree extends z.infer<typeof said> {
  readonly parent: ChildProcess;
}

async function startTree(dataDir: string, speed = "max"): Promise<Tree> {
  const entries = dirname(children.host);
  const parent = spawn(process.execPath, [join(entries, "supervisor.js"), dataDir, entries, speed], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  parents.push(parent);
  for await (const line of createInterface({ input: parent.stdout }))
    return { parent, ...said.parse(JSON.parse(line)) };
  throw new Error("the supervisor ended before it was up");
}

/** A zombie is gone: it holds nothing, and waits for whoever adopted it (in a container perhaps nobody). */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = `/proc/${String(pid)}/stat`;
    return !(existsSync(stat) && /\) [ZX] /.test(readFileSync(stat, "utf8")));
  } catch {
    return false;
  }
}

async function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function expectGone({ parent, pids, ports }: Tree): Promise<void> {
  parent.kill("SIGKILL");
  const left = async (): Promise<unknown[]> => {
    const open = await Promise.all(ports.map(isOpen));
    return [...pids.filter(isAlive), ...ports.filter((_, index) => open[index])];
  };
  await until("the whole tree is gone", left, (all) => all.length === 0, 2_000);
}

async function send({ broker }: Tree, body: unknown): Promise<void> {
  const client = new ServiceBusClient(broker);
  await client.createSender("work").sendMessages({ body });
  await client.close();
}

/** As if so much had gone by since the stop. */
async function passTime(dataDir: string, ms: number): Promise<void> {
  const store = openClockStore(dataDir);
  if (store.saved === null) throw new Error("no time has been saved yet");
  await store.save({ ...store.saved, offset: store.saved.offset + ms });
  store.close();
}

describe("clock 8: SIGKILL of the supervisor leaves no process and no port two seconds later", () => {
  it("while time jumps", async () => {
    const dataDir = newFolder();
    const tree = await startTree(dataDir);
    await until(
      "time jumps",
      () => readRecords(join(dataDir, "record.jsonl")).length,
      (count) => count > 20,
    );
    expect(tree.pids).toHaveLength(5);

    await expectGone(tree);
  });

  it("at X times, under load, with a host in a synchronous loop", async () => {
    const dataDir = newFolder();
    const tree = await startTree(dataDir, "1000");
    await send(tree, { sleepMs: 60_000 });
    await send(tree, { spin: true });
    const begun = (): number => readRecords(join(dataDir, "record.jsonl")).filter(({ what }) => what === "work").length;
    await until("both are in work", begun, (count) => count === 2);

    await expectGone(tree);
  });
});

describe("a supervisor that starts again", () => {
  it("clock 10: after kills at any moment now is never before an instant that was already seen", async () => {
    const dataDir = newFolder();
    let seen = 0;
    for (const records of [5, 30, 60]) {
      const tree = await startTree(dataDir);
      const first = await until(
        "it works",
        () => readRecords(join(dataDir, "record.jsonl")).slice(-1),
        ([last]) => (last?.at ?? 0) > seen,
      );
      expect(first[0]?.at ?? 0).toBeGreaterThan(seen);
      await until(
        "time goes on",
        () => readRecords(join(dataDir, "record.jsonl")).length,
        (count) => count > records,
      );
      await expectGone(tree);
      seen = Math.max(...readRecords(join(dataDir, "record.jsonl")).map(({ at }) => at));
    }

    const all = readRecords(join(dataDir, "record.jsonl")).sort((a, b) => a.wall - b.wall);
    const falls = all
      .slice(1)
      .filter(({ at, wall }, index) => at - wall < (all[index]?.at ?? 0) - (all[index]?.wall ?? 0) - 2);
    expect(falls).toEqual([]);
  });

  it("host 21: past a due tick it runs once, past due; a timer whose schedule has changed is not past due", async () => {
    const dataDir = newFolder();
    const settings = { HOURLY_SCHEDULE: "0 0 * * * *", "AzureWebJobs.unmonitored.Disabled": "false" };
    const first = await startUnderTest(children, { dataDir, settings });
    await first.stop();
    await passTime(dataDir, 10 * 3_600_000);

    const again = await startUnderTest(children, { dataDir, settings, speed: { kind: "wall" } });
    again.supervisor.run();
    await again.waitFor("hourly ended");
    await until(
      "the past is done",
      () => again.supervisor.now(),
      (now) => now > START + 10 * 3_600_000 + 500,
    );

    expect(
      again.records("hourly").map(({ argument }) => z.object({ isPastDue: z.boolean() }).parse(argument).isPastDue),
    ).toEqual([true]);
    await again.stop();
    const changed = await startUnderTest(children, {
      dataDir,
      settings: { HOURLY_SCHEDULE: "0 1 * * * *" },
      speed: { kind: "wall" },
    });
    changed.supervisor.run();
    await until(
      "it has looked",
      () => changed.supervisor.now(),
      (now) => now > START,
    );
    expect(changed.records("hourly")).toHaveLength(1);
    await changed.stop();
  });

  it("rows, messages and time are there again, and a folder in use is refused", async () => {
    const dataDir = newFolder();
    const first = await startUnderTest(children, {
      dataDir,
      speed: { kind: "wall" },
      settings: { "AzureWebJobs.work.Disabled": "true" },
    });
    await first.client.createSender("work").sendMessages({ body: "kept" });
    await expect(startUnderTest(children, { dataDir })).rejects.toThrow(/in use|another process/i);
    const stoppedAt = first.supervisor.now();
    await first.stop();

    const again = await startUnderTest(children, { dataDir, speed: { kind: "wall" } });

    const [work] = await again.waitFor("work");
    expect(work).toMatchObject({ body: "kept" });
    expect(work?.at ?? 0).toBeGreaterThan(stoppedAt);
    await again.stop();
  });
});
