// How a host starts, and how a start fails: docs/EMBEDDED.md lists the numbers.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildChildren } from "../supervisor/built-children.ts";
import type { BuiltChildren } from "../supervisor/built-children.ts";
import { until } from "../until.ts";
import { forkHost, makeApp, openStage, startHostUnderTest } from "./host-under-test.ts";
import type { Stage } from "./host-under-test.ts";

let children: BuiltChildren;
let stage: Stage;

beforeAll(async () => {
  children = await buildChildren();
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
  children.remove();
});

interface Failure {
  readonly code: number | null;
  readonly text: string;
}

async function failedStart(
  files: Readonly<Record<string, string | null>>,
  settings: Record<string, string> = {},
): Promise<Failure> {
  const host = forkHost(stage, { entry: children.host, appDir: makeApp(stage, files), settings });
  try {
    await host.ready;
  } catch (error) {
    return { code: (await host.died).code, text: error instanceof Error ? error.message : String(error) };
  }
  host.child.kill();
  throw new Error("the start did not fail");
}

const only = (text: string): Record<string, string | null> => ({
  "functions/http.mjs": null,
  "functions/hooks.mjs": null,
  "functions/timers.mjs": null,
  "functions/queue.mjs": text,
});
const app = (call: string): string => `import { app } from "@azure/functions";\n${call}\n`;
const queue = (options: string): string =>
  app(`app.serviceBusQueue("q", { queueName: "work", connection: "BUS", handler() {}, ${options} });`);
const timer = (schedule: string): string => app(`app.timer("t", { schedule: "${schedule}", handler() {} });`);
const hostJson = (more: object): string => JSON.stringify({ version: "2.0", ...more });

describe("host 2: the core module is there before the first function file is loaded", () => {
  it("a library that was asked too early has given up for good, and the start says so", async () => {
    // Loaded before everything of ours, as an agent that instruments an app may do.
    const early = 'require("@azure/functions").app.timer("early", { schedule: "0 * * * * *", handler() {} });';
    const appDir = makeApp(stage, { "early.cjs": early });
    const settings = { NODE_OPTIONS: `--require ${join(appDir, "early.cjs")}` };
    const host = forkHost(stage, { entry: children.host, appDir, settings });

    await expect(host.ready).rejects.toThrow("@azure/functions was imported before the host was ready for it");
    expect((await host.died).code).not.toBe(0);
  });
});

describe("a start that fails says why and ends with an exit code", () => {
  const cases: readonly (readonly [string, Record<string, string | null>, RegExp])[] = [
    ["host 4: no function", only("export {};"), /registers no function/],
    [
      "host 4: main matches no file",
      { "package.json": '{"type":"module","main":"nowhere/*.js"}' },
      /nowhere.*matches no file/,
    ],
    ["host 4: a file that throws", only("throw new Error('broken');"), /functions\/queue\.mjs: .*broken/],
    ["host 4: a missing package", only('import "no-such-package";'), /functions\/queue\.mjs: .*no-such-package/],
    [
      "host 4: two functions with one name",
      only(timer("0 * * * * *") + (timer("1 * * * * *").split("\n")[1] ?? "")),
      /already been registered/,
    ],
    [
      "host 4: a name that is not allowed",
      only(app('app.http("1st", { authLevel: "anonymous", handler() {} });')),
      /name is not allowed/,
    ],
    ["host 6: no extensionBundle", { "host.json": hostJson({}) }, /work: host\.json has no extensionBundle/],
    ["host 17: batches", only(queue('cardinality: "many"')), /function q: cardinality "many" is not supported/],
    ["sessions", only(queue("isSessionsEnabled: true")), /function q: sessions are not supported/],
    ["sdkBinding", only(queue("sdkBinding: true")), /function q: sdkBinding/],
    [
      "output bindings",
      only(
        app(
          'import { output } from "@azure/functions"; app.http("h", { authLevel: "anonymous", handler() {}, extraOutputs: [output.serviceBusQueue({ queueName: "work", connection: "BUS" })] });',
        ),
      ),
      /function h: binding "serviceBus" is not supported/,
    ],
    [
      "HTTP streaming",
      only(app("app.setup({ enableHttpStream: true });") + (timer("0 * * * * *").split("\n")[1] ?? "")),
      /enableHttpStream/,
    ],
    [
      "other triggers",
      only(app('app.storageQueue("s", { queueName: "a", connection: "B", handler() {} });')),
      /function s: trigger "queueTrigger"/,
    ],
    [
      "a queue that does not exist",
      only(queue('queueName: "nowhere"')),
      /function q: queue "nowhere" of BUS cannot be read/,
    ],
    ["host 23: five fields", only(timer("*/5 * * * *")), /six fields/],
    ["host 23: L", only(timer("0 0 0 L * *")), /function t: schedule/],
    ["host 23: W", only(timer("0 0 0 15W * *")), /function t: schedule/],
    ["host 23: #", only(timer("0 0 0 * * 1#2")), /function t: schedule/],
    ["host 23: ?", only(timer("0 0 0 ? * 1")), /function t: schedule/],
    ["host 23: 7", only(timer("0 0 0 * * 7")), /Sunday is 0/],
    ["host 23: minute 60", only(timer("0 60 * * * *")), /function t: schedule/],
    [
      "host 34: nested Values",
      { "local.settings.json": '{"Values":{"A":{"B":1}}}' },
      /local\.settings\.json: "Values" holds "A"/,
    ],
    ["a broken host.json", { "host.json": "{" }, /host\.json: not valid JSON/],
    ["a 24-day timeout", { "host.json": hostJson({ functionTimeout: "24:0:0" }) }, /functionTimeout/],
  ];
  it.concurrent.each(cases)("%s", async (_, files, expected) => {
    const { code, text } = await failedStart(files);

    expect(text).toMatch(expected);
    expect(code).toBe(2);
  });

  it("host 7: a connection and settings that are missing are named with their function, all at once", async () => {
    const { text } = await failedStart({}, { BUS: "", HOURLY_SCHEDULE: "" });

    expect(text).toContain("function work: neither BUS nor BUS__fullyQualifiedNamespace is set");
    expect(text).toContain("function unsettled: neither BUS");
    expect(text).toContain("function hourly: its schedule needs the setting HOURLY_SCHEDULE");
    const withoutQueue = await failedStart({}, { WORK_QUEUE: "" });
    expect(withoutQueue.text).toContain("function work: its queueName needs the setting WORK_QUEUE");
  });
});

describe("a start that succeeds", () => {
  it("host 1: imports what main of package.json says, in order, awaited", async () => {
    const appDir = makeApp(stage, {
      ...only(
        'globalThis.order = ["first"]; await new Promise((r) => setTimeout(r, 50)); globalThis.order.push("awaited");',
      ),
      "functions/second.mjs": app('app.http(globalThis.order.join("-"), { authLevel: "anonymous", handler() {} });'),
    });
    const host = await startHostUnderTest(stage, { entry: children.host, appDir });

    expect(host.ready.info["functions"]).toBe("first-awaited");
    await host.child.close(2_000);
  });

  it("host 5: a registration after the start throws", async () => {
    const late = `let why = "nothing";
      app.http("late", { authLevel: "anonymous", handler: () => ({ body: why }) });
      setTimeout(() => { try { app.http("later", { authLevel: "anonymous", handler() {} }); } catch (error) { why = error.message; } }, 1);`;
    const host = await startHostUnderTest(stage, { entry: children.host, appDir: makeApp(stage, only(app(late))) });

    expect(await (await host.fetch("/api/late")).text()).toBe("A function can only be registered during app startup.");
    await host.child.close(2_000);
  });

  it("host 34: the environment beats local.settings.json, which may be missing", async () => {
    const values = JSON.stringify({ Values: { ONE: "file", TWO: "file" } });
    const read = app(
      'app.http("h", { authLevel: "anonymous", handler: () => ({ jsonBody: [process.env.ONE, process.env.TWO] }) });',
    );
    const appDir = makeApp(stage, { ...only(read), "local.settings.json": values });
    const host = await startHostUnderTest(stage, { entry: children.host, appDir, settings: { TWO: "environment" } });

    expect(await (await host.fetch("/api/h")).json()).toEqual(["file", "environment"]);
    await host.child.close(2_000);
  });

  it("host 18: retry on a queue trigger is ignored with a warning", async () => {
    const retry = 'retry: { strategy: "fixedDelay", maxRetryCount: 3, delayInterval: 1000 }';
    const host = await startHostUnderTest(stage, { entry: children.host, appDir: makeApp(stage, only(queue(retry))) });

    expect(host.lines.some((line) => line.includes('"warning"') && line.includes("retry is ignored"))).toBe(true);
    await host.child.close(2_000);
  });

  it("host 31: a log call after the end carries a warning, and host.json's levels hold", async () => {
    const logs =
      app(`app.http("quiet", { authLevel: "anonymous", handler: (_, context) => { context.log("hushed"); context.error("heard"); } });
      app.http("late", { authLevel: "anonymous", handler: (_, context) => { setTimeout(() => context.log("too late"), 5); } });
      app.http("debugs", { authLevel: "anonymous", handler: (_, context) => { context.debug("below the default"); } });`);
    const levels = hostJson({ logging: { logLevel: { default: "Information", "Function.quiet": "Error" } } });
    const host = await startHostUnderTest(stage, {
      entry: children.host,
      appDir: makeApp(stage, { ...only(logs), "host.json": levels }),
    });
    for (const name of ["quiet", "debugs", "late"]) await host.fetch(`/api/${name}`);
    await until(
      "the late line is there",
      () => host.lines,
      (lines) => lines.some((line) => line.includes("too late")),
    );
    await host.child.close(2_000);

    const text = host.lines.join("\n");
    expect(text).toContain('"category":"Function.quiet.User","function":"quiet"');
    expect(text).toContain("heard");
    expect(text).not.toContain("hushed");
    expect(text).not.toContain("below the default");
    expect(text).toMatch(/Unexpected call to 'log'.*Function name: late/);
  });
});
