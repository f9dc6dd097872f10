// One instance of the function app: what the Functions host and its Node worker are in Azure, in one process. It runs the
// built function files unchanged. It has no clock and no timers of its own: the supervisor holds, moves and fires.
import { setTimeout as wait } from "node:timers/promises";
import type { ServiceBusClient } from "@azure/service-bus";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { OffsetClock } from "../clock.ts";
import type { Hints, StartedChild } from "../child.ts";
import type { DeclaredTimer, Fire } from "../protocol.ts";
import { Core, installCore } from "./core.ts";
import { Gate } from "./gate.ts";
import { readHostJson } from "./host-json.ts";
import type { HostJson } from "./host-json.ts";
import { findOverlaps, startHttpServer } from "./http-server.ts";
import type { HttpFunction, HttpServer, Keys } from "./http-server.ts";
import { createInvoker, describe, runHooks } from "./invocation.ts";
import type { Invoker } from "./invocation.ts";
import { loadApp } from "./load-app.ts";
import { createLog } from "./log.ts";
import type { Log } from "./log.ts";
import { connect, startQueueListener } from "./queue-listener.ts";
import type { QueueListener } from "./queue-listener.ts";
import { isDisabled, readSettings } from "./settings.ts";
import type { Settings } from "./settings.ts";
import { runTimer, toTimerData } from "./timers.ts";
import { readTriggers } from "./triggers.ts";
import type { AppFunction, QueueTrigger } from "./triggers.ts";

export interface HostOptions {
  readonly appDir: string;
  readonly instance: number;
  /** Null: this instance serves no HTTP (another one does). */
  readonly httpPort: number | null;
  readonly keys: Keys;
  readonly environment: Settings;
  readonly clock: OffsetClock;
  readonly hints: Hints;
  readonly write: (line: string) => void;
  /** Called once the settings are known and before the first import. */
  readonly beforeImport: (settings: Settings) => void;
  /** The function at fault must be ended with its whole process, as a worker is in Azure. */
  readonly onCrash: (why: string) => void;
}

export interface Host extends StartedChild {
  /** Gives back what is under way; called when this process is about to end by a crash. */
  abandonAll(): Promise<void>;
  readonly log: Log;
}

/** A drain that takes longer is cut: what is unsettled then comes back with its lock. */
const DRAIN_MS = 10_000;
/** Azure's grace for appTerminate hooks. */
const TERMINATE_MS = 5_000;

interface Running {
  readonly core: Core;
  readonly functions: readonly AppFunction[];
  readonly gate: Gate;
  readonly invoker: Invoker;
  readonly hostJson: HostJson;
  readonly log: Log;
}

export async function startHost(options: HostOptions): Promise<Host> {
  const settings = readSettings(options.appDir, options.environment);
  const hostJson = readHostJson(options.appDir, settings);
  const { clock, instance, write } = options;
  const log = createLog({ clock, instance, levels: hostJson.logLevels, write });
  const core = new Core((level, category, text) => log({ level, category: `Host.${category}`, message: text }));
  options.beforeImport(settings);
  installCore(core);
  await loadApp(options.appDir, core);
  await refuseStreaming(core);

  const { functions, faults, warnings } = readTriggers(core.functions.values(), hostJson, settings);
  if (faults.length > 0) throw new UserFault(faults);
  for (const { name, what } of warnings)
    log({ level: "warning", category: `Function.${name}`, function: name, message: what });
  const enabled = functions.filter(({ name }) => !isDisabled(name, settings));

  const gate = new Gate(
    () => options.hints.busy(),
    (serial) => options.hints.idle(serial),
  );
  const { functionTimeoutMs } = hostJson;
  const onTimeout = ({ name }: AppFunction): void => {
    options.onCrash(`function ${name} ran longer than functionTimeout (${String(functionTimeoutMs)} ms)`);
  };
  const invoker = createInvoker({ core, log, functionTimeoutMs, onTimeout });
  await runHooks(core, "appStart", { hookData: {}, appHookData: {}, functionAppDirectory: options.appDir });
  return listen(options, { core, functions: enabled, gate, invoker, hostJson, log });
}

async function refuseStreaming(core: Core): Promise<void> {
  const capabilities = await core.model?.getCapabilities?.({});
  if (capabilities?.["HttpUri"] === undefined) return;
  const at = { where: "app.setup" };
  const what = "enableHttpStream is not supported by the embedded host.";
  throw new UserFault([{ what, fix: "Leave it out.", at }]);
}

async function listen(options: HostOptions, running: Running): Promise<Host> {
  const { gate, log } = running;
  const queues = await startQueues(running);
  let isReady = false;
  const http = await startHttp(options, running, () => isReady);
  announce(running, http, options.clock);
  isReady = true;
  const timers: DeclaredTimer[] = running.functions.flatMap(({ name, trigger }) =>
    trigger.kind === "timer" ? [{ name, schedule: trigger.schedule, runOnStartup: trigger.runOnStartup }] : [],
  );
  return {
    log,
    ports: http === null ? {} : { http: http.port },
    timers,
    info: { functions: running.functions.map(({ name }) => name).join(",") },
    hold: () => ({ of: "host", ...gate.hold() }),
    go: () => gate.open(),
    fire: (order) => fire(running, order),
    ask: (what) => (what === "memory" ? measureProcess() : null),
    abandonAll: async () => {
      gate.halt();
      await Promise.all(queues.listeners.map((listener) => listener.abandonAll()));
    },
    close: async () => {
      isReady = false;
      await drain(running, queues, http);
    },
  };
}

interface Queues {
  readonly listeners: readonly QueueListener[];
  readonly clients: readonly ServiceBusClient[];
}

async function startQueues(running: Running): Promise<Queues> {
  const clients = new Map<string, ServiceBusClient>();
  const clientFor = async ({ connectionName, connection }: QueueTrigger): Promise<ServiceBusClient> => {
    const client = clients.get(connectionName) ?? (await connect(connection));
    clients.set(connectionName, client);
    return client;
  };
  const listeners: QueueListener[] = [];
  for (const target of running.functions) {
    const { trigger } = target;
    if (trigger.kind !== "queue") continue;
    listeners.push(await startQueueListener({ ...running, target, trigger, client: await clientFor(trigger) }));
  }
  return { listeners, clients: [...clients.values()] };
}

async function startHttp(options: HostOptions, running: Running, isReady: () => boolean): Promise<HttpServer | null> {
  const { functions, gate, invoker, log } = running;
  const withHttp: HttpFunction[] = functions.flatMap((target) =>
    target.trigger.kind === "http" ? [{ target, trigger: target.trigger }] : [],
  );
  for (const message of findOverlaps(withHttp)) log({ level: "warning", category: "Host.Http", message });
  if (options.httpPort === null) return null;
  const runByHand = (name: string, input: string): boolean => startByHand(running, name, input);
  const { keys, httpPort: port } = options;
  return startHttpServer({ port, functions: withHttp, keys, gate, invoker, log, isReady, runByHand });
}

function startByHand({ functions, gate, invoker, log }: Running, name: string, input: string): boolean {
  const target = functions.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (target === undefined || target.trigger.kind === "http") return false;
  const { trigger } = target;
  const status = { last: null, next: null, lastUpdated: null };
  const data = trigger.kind === "timer" ? toTimerData(trigger, { isPastDue: false, status }) : { string: input };
  gate
    .pass("counted", () => invoker.invoke(target, { input: data }))
    .catch((error: unknown) => log({ level: "error", category: `Function.${name}`, message: describe(error) }));
  return true;
}

async function fire({ functions, gate, invoker }: Running, order: Fire): Promise<boolean> {
  const target = functions.find(({ name }) => name === order.name);
  if (target?.trigger.kind !== "timer") throw new Error(`there is no timer "${order.name}" here`);
  const input = toTimerData(target.trigger, order);
  const outcome = await gate.pass("uncounted", () => runTimer(invoker, target, input));
  return outcome.kind === "succeeded";
}

function announce({ functions, log }: Running, http: HttpServer | null, clock: OffsetClock): void {
  for (const { name, trigger } of functions) {
    const say = (message: string): void =>
      log({ level: "information", category: "Host.Startup", function: name, message });
    switch (trigger.kind) {
      case "timer": {
        const next = trigger.parsed.next(clock.now());
        say(`timer ${trigger.schedule}, next ${next === null ? "never" : new Date(next).toISOString()}`);
        break;
      }
      case "queue":
        say(`queue ${trigger.queue}${trigger.isDeadLetters ? " (dead letters)" : ""} of ${trigger.connectionName}`);
        break;
      case "http":
        say(`${trigger.methods.join(",")} http://127.0.0.1:${String(http?.port ?? "-")}/${trigger.template.text}`);
        break;
    }
  }
}

/** Listeners first, so that nothing new begins; then what runs; then the hooks; then the sockets. */
async function drain({ core, gate, log }: Running, queues: Queues, http: HttpServer | null): Promise<void> {
  const stopped = Promise.allSettled([...queues.listeners.map((listener) => listener.stop()), http?.close()]);
  await atMost(DRAIN_MS, Promise.all([gate.drain(), stopped]), () =>
    log({ level: "warning", category: "Host.Shutdown", message: "some invocations did not end in time" }),
  );
  await atMost(TERMINATE_MS, runHooks(core, "appTerminate", { hookData: {}, appHookData: {} }), () =>
    log({ level: "warning", category: "Host.Shutdown", message: "appTerminate hooks did not end in time" }),
  );
  // A client waits for the broker's close frame, for ever if it never comes.
  const closed = Promise.allSettled(queues.clients.map((client) => client.close()));
  await atMost(2_000, closed, () => undefined);
}

async function atMost(ms: number, work: Promise<unknown>, onLate: () => void): Promise<void> {
  const late = Symbol("late");
  const abort = new AbortController();
  const first = await Promise.race([work, wait(ms, late, { signal: abort.signal, ref: false }).catch(() => late)]);
  abort.abort();
  if (first === late) onLate();
}

/** What this instance used; the app keeps its own counts of requests where a host may look. */
function measureProcess(): object {
  const counts: unknown = Reflect.get(globalThis, Symbol.for("mfa-rollout.counts"));
  const own = typeof counts === "object" && counts !== null ? counts : {};
  return { ...own, pid: process.pid, maxRssBytes: process.resourceUsage().maxRSS * 1024 };
}
