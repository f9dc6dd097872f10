// The built `main` on what Azure's worker documents, and on nothing else: what it registers, and that importing it does nothing more.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";

const ROOT = join(import.meta.dirname, "../../..");
const binding = z.looseObject({ type: z.string(), name: z.string() });
const schema = z.object({
  functions: z.array(z.object({ name: z.string(), bindings: z.array(binding), retryOptions: z.null() })),
  atImport: z.object({
    settingsRead: z.array(z.string()),
    connections: z.number(),
    unknownMembers: z.array(z.string()),
  }),
  health: z.object({ status: z.string(), body: z.string() }),
  dashboard: z.object({ status: z.string(), body: z.string() }),
});

let app: z.output<typeof schema>;

beforeAll(async () => {
  if (!existsSync(join(ROOT, "dist/functions"))) throw new Error("dist/functions is not there: npm run build");
  const worker = join(import.meta.dirname, "real-worker.mjs");
  // No setting at all: an import that reads configuration fails here as it would on a slot whose settings come later.
  const env = { PATH: process.env["PATH"] ?? "" };
  const { stdout } = await promisify(execFile)(process.execPath, [worker, ROOT], { env, timeout: 60_000 });
  app = schema.parse(JSON.parse(stdout));
});

describe("the built function app", () => {
  it("registers exactly these functions, each with its trigger written out", () => {
    const found = app.functions.map(({ name, bindings }) => {
      const [{ type, ...trigger }] = z.tuple([binding]).parse(bindings);
      const told = [trigger["schedule"], trigger["queueName"], trigger["route"]].filter((value) => value !== undefined);
      return `${type} ${name} ${z.tuple([z.string()]).parse(told)[0]}`;
    });

    expect(found.sort()).toEqual([
      "httpTrigger dashboard dashboard",
      "httpTrigger dismiss-dead-letter dismiss-dead-letter",
      "httpTrigger explain-dead-letter explain-dead-letter",
      "httpTrigger health health",
      "httpTrigger list-dead-letters dead-letters",
      "httpTrigger progress progress",
      "httpTrigger replay-dead-letter replay-dead-letter",
      "httpTrigger roll-back roll-back",
      "serviceBusTrigger enable-users mfa-enable",
      "serviceBusTrigger enforce-users mfa-enforce",
      "serviceBusTrigger notify-users mfa-notify",
      "serviceBusTrigger record-dead-letters-enable mfa-enable/$deadletterqueue",
      "serviceBusTrigger record-dead-letters-enforce mfa-enforce/$deadletterqueue",
      "serviceBusTrigger record-dead-letters-notify mfa-notify/$deadletterqueue",
      "serviceBusTrigger record-dead-letters-restore mfa-restore/$deadletterqueue",
      "serviceBusTrigger restore-users mfa-restore",
      "timerTrigger check-registration %CHECK_REGISTRATION_SCHEDULE%",
      "timerTrigger measure-progress %MEASURE_PROGRESS_SCHEDULE%",
      "timerTrigger plan-waves %PLAN_WAVES_SCHEDULE%",
    ]);
  });

  it("opens nothing to anybody but health, and lets no two functions answer one path", () => {
    const http = app.functions.flatMap(({ bindings }) => bindings).filter(({ type }) => type === "httpTrigger");

    expect(http.filter((trigger) => trigger["authLevel"] === "anonymous").map((trigger) => trigger["route"])).toEqual([
      "health",
    ]);
    expect(http.every((trigger) => ["anonymous", "function"].includes(String(trigger["authLevel"])))).toBe(true);
    const routes = http.map((trigger) => String(trigger["route"]).toLowerCase());
    expect(new Set(routes).size).toBe(routes.length);
    expect(routes.every((route) => /^[a-z-]+$/.test(route))).toBe(true);
  });

  it("takes single messages by the connection of the spec, without retries of the host", () => {
    const queues = app.functions.flatMap(({ bindings }) => bindings).filter(({ type }) => type === "serviceBusTrigger");

    expect(queues).toHaveLength(8);
    expect(queues.every((trigger) => trigger["connection"] === "ROLLOUT_BUS")).toBe(true);
    expect(queues.every((trigger) => trigger["cardinality"] !== "many")).toBe(true);
  });

  it("reads no setting and opens no connection when it is imported, and asks the worker for nothing undocumented", () => {
    expect(app.atImport).toEqual({ settingsRead: [], connections: 0, unknownMembers: [] });
  });

  it("answers on the documented invocation model, without the embedded host", () => {
    expect(app.health).toEqual({ status: "200", body: "ok" });
    expect(app.dashboard.status).toBe("200");
    expect(app.dashboard.body).toMatch(/^<!doctype html>/);
  });
});
