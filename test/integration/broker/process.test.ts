// The broker as a process of its own: how it starts, refuses to start, and stops.
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../until.ts";
import { buildBroker, ended, expectRefusal, run, send, started } from "./broker-program.ts";
import { givenFolder } from "./broker-under-test.ts";

buildBroker();

describe("broker 36: one clear line and exit code 2", () => {
  it("for a port in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await until("a port", () => server.listening, Boolean);
    const address = server.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";

    await expectRefusal(run("--port", port, "--queue", "work"), /--port: Port \d+ on 127\.0\.0\.1 is in use\./);
  });

  it("for a folder that cannot be written", async () => {
    const folder = await givenFolder();
    await writeFile(join(folder, "file"), "");

    const seen = run("--port", "0", "--queue", "work", "--data", join(folder, "file", "data"));

    await expectRefusal(seen, /--data: The folder .* cannot be written/);
  });

  it("for a second instance on the same folder, but not after the first was killed", async () => {
    const folder = await givenFolder();
    const first = await started("--data", folder);
    const second = run("--port", "0", "--queue", "work", "--data", folder);
    await expectRefusal(second, new RegExp(`in use by process ${String(first.seen.child.pid)}\\.`));

    first.seen.child.kill("SIGKILL");
    await ended(first.seen);

    await started("--data", folder);
  });

  it("for a damaged log, and says where", async () => {
    const folder = await givenFolder();
    const { seen, connection } = await started("--data", folder);
    await send(connection, ["a".repeat(500), "b"]);
    seen.child.kill("SIGKILL");
    await ended(seen);
    const bytes = await readFile(join(folder, "broker.log"));
    bytes[bytes.indexOf("aaaa") + 2] = 0;
    await writeFile(join(folder, "broker.log"), bytes);

    await expectRefusal(run("--port", "0", "--queue", "work", "--data", folder), /damaged at byte \d+/);
  });

  it("for arguments that are wrong, all at once", async () => {
    const seen = run("--port", "x", "--queue", "work:0");

    expect(await ended(seen)).toBe(2);
    expect(seen.stderr).toContain('--port: "x" is no whole number from 0 to 65535.');
    expect(seen.stderr).toContain('--queue: "work:0" is no queue.');
  });

  it("helps with examples", async () => {
    const seen = run("--help");

    expect(await ended(seen)).toBe(0);
    expect(seen.stdout).toContain("npm run broker -- --queue orders");
  });
});

describe("broker 36: SIGTERM", () => {
  it("stops it in less than two seconds, with a client connected", async () => {
    const { seen, connection } = await started();
    const client = new ServiceBusClient(connection);
    onTestFinished(() => void client.close().catch(() => undefined));
    await client.createSender("work").sendMessages({ body: 1 });
    const asked = performance.now();

    seen.child.kill("SIGTERM");

    expect(await ended(seen)).toBe(0);
    expect(performance.now() - asked).toBeLessThan(2_000);
  });
});

describe("broker 33: faults by flag", () => {
  it("strike at their rate", async () => {
    const { connection } = await started("--faults", "bus-duplicate=1", "--seed", "7");
    const client = new ServiceBusClient(connection);
    onTestFinished(() => client.close());
    await client.createSender("work").sendMessages({ body: "twice" });

    const found = await client.createReceiver("work").peekMessages(10);

    expect(found.map(({ body }): unknown => body)).toEqual(["twice", "twice"]);
  });

  it("are refused where they are none of the broker's, with their rates and the seed, all at once", async () => {
    const seen = run("--port", "0", "--queue", "work", "--faults", "bus-busy=2,bus-bsuy", "--seed", "x");
    expect(await ended(seen)).toBe(2);
    expect(seen.stderr).toContain('--seed: "x" is no whole number from 0 to 4294967295.');
    expect(seen.stderr).toContain('the rate of "bus-busy=2" is no number from 0 to 1');
    expect(seen.stderr).toContain('Did you mean "bus-busy"?');

    await expectRefusal(
      run("--port", "0", "--queue", "work", "--faults", "throttle"),
      /^--faults: "throttle" is no fault of the broker\. /,
    );
  });
});
