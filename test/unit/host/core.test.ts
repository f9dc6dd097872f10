// The core module that the Functions library asks for, seen through the unmodified library.
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { Core, HOOKS, installCore } from "../../../apps/local/host/core.ts";

const core = new Core(() => undefined);
const asked = new Set<string>();
const documented = new Set<string>();
// The library asks once a process, so the module is watched from the start.
const original = core.asModule.bind(core);
core.asModule = () => {
  const members = original();
  for (const name of Object.keys(members)) documented.add(name);
  return new Proxy(members, {
    get: (target, name): unknown => {
      if (typeof name === "string") asked.add(name);
      return Reflect.get(target, name);
    },
  });
};
installCore(core);

const registration = z.custom<{ dispose(): void }>(
  (value) => typeof value === "object" && value !== null && "dispose" in value,
);
const library = z
  .looseObject({
    app: z.looseObject({
      http: z.custom<(name: string, options: object) => void>(),
      timer: z.custom<(name: string, options: object) => void>(),
      serviceBusQueue: z.custom<(name: string, options: object) => void>(),
      hook: z.looseObject({
        appStart: z.custom<(callback: () => void) => unknown>(),
        appTerminate: z.custom<(callback: () => void) => unknown>(),
        preInvocation: z.custom<(callback: () => void) => unknown>(),
        postInvocation: z.custom<(callback: () => void) => unknown>(),
      }),
    }),
  })
  .parse(createRequire(import.meta.url)("@azure/functions"));

describe("host 3: the core, as the library uses it", () => {
  it("has every member that the library asks for, and takes functions and hooks of every kind", () => {
    const handler = (): void => undefined;
    library.app.http("page", { route: "page", handler });
    library.app.timer("tick", { schedule: "0 * * * * *", handler });
    library.app.serviceBusQueue("work", { connection: "BUS", queueName: "work", handler });
    for (const hook of ["appStart", "appTerminate", "preInvocation", "postInvocation"] as const)
      library.app.hook[hook](handler);

    expect([...core.functions.keys()].sort()).toEqual(["page", "tick", "work"]);
    expect(core.model?.name).toBe("@azure/functions");
    expect([...core.hooks].filter(([, callbacks]) => callbacks.length > 0).map(([name]) => name)).toHaveLength(4);
    expect(asked.size).toBeGreaterThan(2);
    expect([...asked].filter((name) => !documented.has(name))).toEqual([]);
  });

  it("lets a hook be withdrawn, once", () => {
    const before = core.hooks.get("preInvocation")?.length ?? 0;
    const given = registration.parse(library.app.hook.preInvocation(() => undefined));
    expect(core.hooks.get("preInvocation")).toHaveLength(before + 1);

    given.dispose();
    given.dispose();

    expect(core.hooks.get("preInvocation")).toHaveLength(before);
  });

  it("lets a function be withdrawn until the start, and takes none afterwards or twice", () => {
    const other = new Core(() => undefined);
    const metadata = { name: "late", bindings: {} };
    const given = other.register(metadata, () => undefined);
    expect(() => other.register(metadata, () => undefined)).toThrow("already been registered");
    given.dispose();
    expect(other.functions.size).toBe(0);
    const kept = other.register(metadata, () => undefined);

    other.lock();

    expect(() => other.register({ ...metadata, name: "later" }, () => undefined)).toThrow("during app startup");
    expect(() => kept.dispose()).toThrow("during app startup");
  });

  it("refuses a hook that nobody knows, in the way that the library expects of the worker", () => {
    expect(() => core.hook("beforeLunch", () => undefined)).toThrow(RangeError);
    try {
      core.hook("beforeLunch", () => undefined);
    } catch (error) {
      expect(error).toMatchObject({ isAzureFunctionsSystemError: true });
    }
    expect(HOOKS).toContain("log");
  });
});
