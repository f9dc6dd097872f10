// A second client, of another family and language: Apache Qpid Proton. Debian and Ubuntu have it as python3-qpid-proton, for the
// system's Python alone.
import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { givenBroker } from "./broker-under-test.ts";

const PYTHON = "/usr/bin/python3";
const SCRIPT = join(import.meta.dirname, "proton-client.py");
const hasProton = spawnSync(PYTHON, ["-c", "import proton"]).status === 0;

describe("broker 31: Apache Qpid Proton", () => {
  it("sends, receives with types and annotations, accepts, releases, modifies and rejects", async (context) => {
    context.skip(!hasProton, `${PYTHON} has no module "proton": apt-get install -y python3-qpid-proton`);
    const { broker, lines } = await givenBroker();

    const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, String(broker.port)], { timeout: 30_000 });

    expect(JSON.parse(stdout)).toMatchObject({
      accepted: true,
      first: {
        id: "m1",
        subject: "s",
        body: "bytes",
        properties: {
          text: ["str", "ä"],
          int: ["int", "-5"],
          ulong: ["ulong", "ulong(7)"],
          time: ["timestamp", "timestamp(1700000000000)"],
          uuid: ["UUID", "00112233-4455-6677-8899-aabbccddeeff"],
          no: ["NoneType", "None"],
        },
        annotations: {
          "x-opt-sequence-number": "int", // Proton's name for a long
          "x-opt-enqueued-time": "timestamp",
          "x-opt-locked-until": "timestamp",
          "x-opt-message-state": "int32",
        },
        symbols: true,
        count: 0,
      },
      afterReleased: 0,
      afterModified: 1,
      dead: "m1",
      acceptedBody: [true, { a: [1, 2.5, "x"] }],
      unknown: { condition: "amqp:not-found" },
      // Not a part of this client's list: the SDK has no transactions, so that only here one can be asked for.
      transaction: {
        condition: "amqp:not-implemented",
        text: expect.stringContaining("has no transactions") as unknown,
      },
    });
    expect(broker.counts()["work"]).toMatchObject({ active: 0, locked: 0, deadLettered: 0 });
    expect(broker.stats()).toEqual({ sent: 2, received: 5, scheduled: 0, deadLettered: 1 });
    expect(lines.filter((line) => !line.includes("a link was refused"))).toEqual([]);
  });
});
