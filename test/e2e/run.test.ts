// `npm start` as its users meet it: the whole job, wrong input, Ctrl-C and going on, a busy port.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { threeWeeksSpec } from "../support/sample-spec.ts";
import { loadGraphContract } from "../support/graph-contract.ts";
import type { Run } from "./run-process.ts";
import { endAll, newDataDir, startRun } from "./run-process.ts";
import { readSummary } from "./summary.ts";

const UNTIL_DONE = ["--until-done", "--json"];

const exchange = z.looseObject({
  method: z.string(),
  url: z.string(),
  requestHeaders: z.record(z.string(), z.string()),
  requestBody: z.unknown(),
  status: z.number(),
  responseBody: z.unknown(),
});

/** Every request that the product made, and its answer, as the contract has them; no token in the record. */
function expectContract(text: string, atLeast: number): void {
  expect(text).not.toMatch(/Bearer |eyJ/);
  const contract = loadGraphContract();
  const exchanges = text.split("\n").flatMap((line) => (line === "" ? [] : [exchange.parse(JSON.parse(line))]));
  expect(exchanges.length).toBeGreaterThanOrEqual(atLeast);
  expect(exchanges.flatMap((one) => contract?.checkExchange(one) ?? [])).toEqual([]);
}

// Whole runs wait more than they work: those that several tests look at go side by side, so that two cores are used.
const MAIN = ["--users", "30", "--seed", "3"];
const recorded = join(dirname(newDataDir()), "graph.jsonl");
let undisturbed: Run;
let stormy: Run;
beforeAll(() => {
  undisturbed = startRun(...MAIN, "--record-graph", recorded, ...UNTIL_DONE);
  const spec = join(dirname(recorded), "three-weeks.yaml");
  writeFileSync(spec, threeWeeksSpec());
  const chaos = ["--faults", "chaos", "--instances", "3"];
  stormy = startRun("--users", "24", "--seed", "5", "--spec", spec, ...chaos, ...UNTIL_DONE);
});
afterAll(endAll);

describe("the main job", () => {
  it("takes everybody to an end that the tenant confirms, and says so in one JSON object", async () => {
    expect(await undisturbed.ended).toBe(0);

    const { users, outcome, notices, tenantCheck, invariants, queue, graph, tables, virtualMs } = readSummary(
      undisturbed.stdout(),
    );
    expect(outcome.enforced).toBeGreaterThan(20);
    expect(users).toBe(Object.values(outcome).reduce((sum, count) => sum + count, 0));
    expect([outcome.pending, outcome.failed, notices.duplicate, tenantCheck.mismatches, invariants.violated]).toEqual([
      0, 0, 0, 0, 0,
    ]);
    // The zeros above say something only where something was done and looked at.
    expect(Math.min(notices.sent, graph.writes, tables.transactions, invariants.checked)).toBeGreaterThan(20);
    expect(queue.received, "three waves of three steps").toBeGreaterThanOrEqual(9);
    expect(virtualMs).toBeGreaterThan(28 * 86_400_000);
    expectContract(readFileSync(recorded, "utf8"), graph.requests);
    expect(undisturbed.lines.join("\n")).toMatch(/page: http:\/\/127\.0\.0\.1:\d+\/api\/dashboard\?code=/);
  });
});

describe("Ctrl-C", () => {
  it("ends cleanly, and the same folder goes on to the same end", async () => {
    const data = newDataDir();
    const first = startRun(...MAIN, "--data", data, ...UNTIL_DONE);
    await first.waitFor(/^2026-03-(09|1\d)/);
    first.signal("SIGINT");
    expect(await first.ended).toBe(130);
    expect(first.stdout()).toBe("");

    const second = startRun(...MAIN, "--data", data, ...UNTIL_DONE);
    expect(await second.ended).toBe(0);
    expect(await undisturbed.ended).toBe(0);

    expect(second.lines.join("\n")).toContain("rollout contoso-2026 goes on");
    const [calm, resumed] = [readSummary(undisturbed.stdout()), readSummary(second.stdout())];
    expect(resumed.outcome).toEqual(calm.outcome);
    expect(resumed.notices).toEqual(calm.notices);
    const page = (lines: readonly string[]): string => /code=(\S+)/.exec(lines.join("\n"))?.[1] ?? "none";
    expect(page(second.lines)).toBe(page(first.lines));
  });

  it("its folder is refused to other people and to a second run; a service manager's signal ends it as cleanly", async () => {
    const data = newDataDir();
    const run = startRun("--users", "5", "--data", data, ...UNTIL_DONE);
    await run.waitFor(/^2026-03-/);

    const second = startRun("--users", "5", "--data", data, ...UNTIL_DONE);
    const others = startRun("--users", "6", "--data", data, ...UNTIL_DONE);
    expect([await second.ended, await others.ended]).toEqual([2, 2]);
    expect(second.lines.join("\n")).toMatch(/in use by process \d+/);
    expect(others.lines.join("\n")).toContain("was begun with other people");

    run.signal("SIGTERM"); // to the whole group
    expect(await run.ended).toBe(130);
    expect(run.lines.join("\n")).not.toMatch(/^\s+at /m);
  });
});

describe("a run with faults", () => {
  it("goes through faults of every kind with one instance and more, and loses nobody", async () => {
    expect([0, 1]).toContain(await stormy.ended);

    const { users, outcome, notices, tenantCheck, invariants, faults } = readSummary(stormy.stdout());
    expect(
      Object.keys(faults).filter((name) => name.startsWith("table-")),
      "the tables made some",
    ).not.toEqual([]);
    expect(Object.keys(faults).length).toBeGreaterThan(5);
    expect(users).toBe(24);
    expect([outcome.pending, notices.duplicate, tenantCheck.mismatches, invariants.violated]).toEqual([0, 0, 0, 0]);
    expect(stormy.lines.join("\n")).toContain("faults: ");
  });
});

describe("wrong input", () => {
  it("all faults of the flags come at once, each with a way out, and nothing is written", async () => {
    const data = newDataDir();
    const run = startRun("--user", "3", "--instances", "0", "--faults", "strom", "--port", "99999", "--data", data);

    expect(await run.ended).toBe(2);

    const said = run.lines.join("\n");
    expect(said).toContain("--user: is no flag. Did you mean --users?");
    expect(said).toContain('--instances: "0" is no whole number from 1 to 32.');
    expect(said).toContain('Did you mean "storm"?');
    expect(said).toContain('--port: "99999"');
    expect(said).not.toMatch(/^\s+at /m);
    expect(existsSync(data)).toBe(false);
  });

  it("all faults of both files come at once, each with its place", async () => {
    const data = newDataDir();
    const folder = join(dirname(data), "inputs");
    mkdirSync(folder, { recursive: true });
    const [people, spec] = [join(folder, "people.csv"), join(folder, "rollout.yaml")];
    writeFileSync(
      people,
      "userPrincipalName,mail\nada@contoso.example,ada@contoso.example\nADA@contoso.example,nonsense\n",
    );
    writeFileSync(spec, "apiVersion: mfa-rollout/v1\nrollout: x\ngraceDay: 3\n");
    const run = startRun("--tenant", people, "--spec", spec, "--data", data);

    expect(await run.ended).toBe(2);

    const said = run.lines.join("\n");
    expect(said).toContain(`${spec}:3:1: Unknown key "graceDay". Did you mean "graceDays"?`);
    expect(said).toMatch(/people\.csv:3:\d+: /);
    expect(said).not.toMatch(/^\s+at /m);
    expect(existsSync(data)).toBe(false);
  });

  it("a folder of a newer version is left alone", async () => {
    const data = newDataDir();
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, "run.json"), '{"v":2}');
    const run = startRun("--users", "5", "--data", data);

    expect(await run.ended).toBe(2);

    expect(run.lines.join("\n")).toContain("run.json: was written by a newer version.");
  });

  it("a busy port is one sentence", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const run = startRun("--users", "5", "--port", String(port));

    expect(await run.ended).toBe(2);

    expect(run.lines.join("\n")).toContain(`port ${String(port)}: is in use`);
    expect(run.lines.join("\n")).not.toMatch(/^\s+at /m);
    await new Promise((resolve) => server.close(resolve));
  });
});
