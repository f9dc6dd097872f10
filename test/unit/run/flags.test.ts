// Flags of `npm start`, of the broker and of the kill test.
import { describe, expect, it } from "vitest";
import { parseFlags as parseBrokerFlags } from "../../../apps/local/broker/flags.ts";
import { parseRunFlags } from "../../../apps/local/run/flags.ts";
import { parseKillFlags } from "../../../apps/local/run/kill-flags.ts";
import { UserFault } from "../../../shared/domain/fault.ts";

function faultsOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof UserFault) return error.message;
    throw error;
  }
  return "";
}

describe("the flags of npm start", () => {
  it("have the documented defaults", () => {
    expect(parseRunFlags([])).toMatchObject({
      tenantFile: null,
      users: 200,
      seed: 1,
      specFile: "samples/rollout.yaml",
      speed: { kind: "max" },
      start: Date.UTC(2026, 2, 2, 6),
      faults: [],
      quota: "documented",
      senders: null,
      dataDir: null,
      port: 0,
      instances: 1,
      graphUrl: null,
      untilDone: false,
      json: false,
    });
    expect(parseRunFlags(["--help"])).toBe("help");
  });

  it.each([
    [["--users", "0"], '--users: "0" is no whole number from 1 to 1000000.'],
    [["--senders", "0"], '--senders: "0" is no whole number from 1 to 1000.'],
    [["--instances", "33"], '--instances: "33"'],
    [["--port", "-1"], "--port"],
    [["--users"], "--users: has no value."],
    [["--users", "5", "--tenant", "people.csv"], "--users: was given with --tenant."],
    [["--speed", "fast"], '--speed: "fast" is neither max nor a number from 1.'],
    [["--start", "tomorrow"], '--start: "tomorrow" is no ISO instant.'],
    [["--quota", "on"], '--quota: "on" is neither off nor documented.'],
    [["--graph-url", "graph"], '--graph-url: "graph" is no URL.'],
    [["--untildone"], "--untildone: is no flag. Did you mean --until-done?"],
    [["people.csv"], "people.csv: stands alone."],
  ])("%j is refused in one sentence", (args, said) => {
    expect(faultsOf(() => parseRunFlags(args))).toContain(said);
  });
});

describe("the flags of npm run broker", () => {
  it("name one queue or several, each with its lock and deliveries", () => {
    expect(parseBrokerFlags(["--queue", "orders"])).toEqual({
      port: 5672,
      dataDir: null,
      queues: [{ name: "orders", lockMs: 60_000, maxDeliveryCount: 10 }],
      faults: [],
      seed: 1,
    });
    expect(parseBrokerFlags(["--queue=a:30:5", "--port", "0", "--queue", "b:300", "--queue", "c:60:3"])).toMatchObject({
      port: 0,
      queues: [
        { name: "a", lockMs: 30_000, maxDeliveryCount: 5 },
        { name: "b", lockMs: 300_000, maxDeliveryCount: 10 },
        { name: "c", lockMs: 60_000, maxDeliveryCount: 3 },
      ],
    });
    expect(parseBrokerFlags(["-h", "--port", "x"])).toBe("help");
  });

  it.each([
    [[], "--queue: No queue is named. Add --queue NAME."],
    [["--queue"], "--queue: has no value."],
    [["--queue", "a:301"], '--queue: "a:301" is no queue. Write NAME[:lockSeconds[:maxDeliveryCount]]'],
    [["--queue", "a:30:2001"], "a lock is 1 to 300 s, deliveries are 1 to 2000."],
    [["--queue", "a:30:5:1"], '"a:30:5:1" is no queue.'],
    [["--queue", "A", "--queue", "a:30"], "--queue: A queue is named twice."],
    [["--queue", "a", "--prot", "0"], "--prot: is no flag. Did you mean --port?"],
    [["a"], "a: stands alone. Flags begin with --; see npm run broker -- --help."],
  ])("%j is refused in one sentence", (args, said) => {
    expect(faultsOf(() => parseBrokerFlags(args))).toContain(said);
  });

  it("are refused all at once", () => {
    const said = faultsOf(() =>
      parseBrokerFlags(["--port", "x", "--queue", "a:0", "--queue", "b:", "--faults", "bee"]),
    );

    expect(said.split("\n").map((line) => line.slice(0, line.indexOf(" ")))).toEqual([
      "--port:",
      "--queue:",
      "--queue:",
      "--faults:",
    ]);
  });
});

describe("the flags of the kill test", () => {
  it("have defaults, and refuse what is not there yet", () => {
    expect(parseKillFlags([])).toEqual({ what: "tree", kills: 3, users: 60, seed: 1 });
    expect(faultsOf(() => parseKillFlags(["--what", "bee"]))).toContain('"bee" is neither tree nor instance');
    expect(faultsOf(() => parseKillFlags(["--what", "cat", "--kill", "3"]))).toContain("Did you mean --kills?");
  });
});
