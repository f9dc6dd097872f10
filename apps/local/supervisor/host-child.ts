// Process entry of one function-app instance. The process stands for Azure's Node worker: what ends a worker there (an
// uncaught error, process.exit, functionTimeout) ends this process, after giving its messages back, and the supervisor
// starts another.
import { appendFileSync } from "node:fs";
import { z } from "zod";
import { runChild } from "../child.ts";
import { startHost } from "../host/host.ts";
import type { Host } from "../host/host.ts";

const settings = z.object({
  appDir: z.string(),
  instance: z.int().min(0),
  httpPort: z.int().min(0).nullable(),
  keys: z.object({ host: z.string(), master: z.string() }),
  /** Each exchange with Graph is appended to this file; null records none. */
  recordGraphFile: z.string().nullable(),
});
export type HostChildSettings = z.infer<typeof settings>;

/** Where shared/compose.ts looks for a clock other than the wall's. */
const PLACE = Symbol.for("mfa-rollout.host");
/** Messages are given back within this time, or come back with their locks. */
const ABANDON_MS = 1_000;
const EXIT_CRASHED = 70;

const exit = process.exit.bind(process);
let host: Host | undefined;
let isCrashing = false;

runChild({
  role: "host",
  settings,
  start: async ({ appDir, instance, httpPort, keys, recordGraphFile }, clock, hints) => {
    const record = (exchange: object): void => {
      if (recordGraphFile !== null) appendFileSync(recordGraphFile, `${JSON.stringify(exchange)}\n`);
    };
    Object.assign(globalThis, {
      [PLACE]: { clock, ...(recordGraphFile === null ? {} : { recordGraph: record }) },
    });
    process.on("uncaughtException", (error) => crash(`uncaught exception: ${error.stack ?? error.message}`));
    process.on("unhandledRejection", (error) => {
      crash(`unhandled rejection: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    });
    host = await startHost({
      appDir,
      instance,
      httpPort,
      keys,
      environment: process.env,
      clock,
      hints,
      write: (line) => process.stderr.write(line),
      beforeImport: (all) => {
        for (const [name, value] of Object.entries(all)) if (value !== undefined) process.env[name] = value;
        forbidExit();
      },
      onCrash: crash,
    });
    return host;
  },
});

/** Functions that call process.exit end the worker in Azure too; here the messages in flight are given back first. */
function forbidExit(): void {
  process.exit = (code?: number | string | null): never => {
    crash(`a function called process.exit(${String(code ?? "")})`);
    throw new Error("process.exit was called: this instance ends");
  };
}

function crash(why: string): void {
  if (isCrashing) return;
  isCrashing = true;
  const message = `this instance ends: ${why}`;
  if (host === undefined) process.stderr.write(`${message}\n`);
  else host.log({ level: "critical", category: "Host.Worker", message });
  setTimeout(() => exit(EXIT_CRASHED), ABANDON_MS);
  const given = host?.abandonAll() ?? Promise.resolve();
  given.then(
    () => exit(EXIT_CRASHED),
    () => exit(EXIT_CRASHED),
  );
}
