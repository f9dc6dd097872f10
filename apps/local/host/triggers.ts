// What a function is started by, read from its registered bindings and the settings. Whatever the embedded host does not
// imitate is refused here with its reason, all faults together, before anything listens.
import { z } from "zod";
import type { FaultText } from "../../../shared/domain/fault.ts";
import type { Binding, Callback, Registered, RetryOptions } from "./core.ts";
import type { HostJson } from "./host-json.ts";
import { parseSchedule } from "./ncrontab.ts";
import type { Schedule } from "./ncrontab.ts";
import { parseTemplate } from "./routes.ts";
import type { Template } from "./routes.ts";
import { expand, findConnection } from "./settings.ts";
import type { Connection, Settings } from "./settings.ts";

export interface AppFunction {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly callback: Callback;
  readonly trigger: Trigger;
  readonly retry: RetryPolicy | null;
}

export type Trigger = TimerTrigger | QueueTrigger | HttpTrigger;

export interface TimerTrigger {
  readonly kind: "timer";
  readonly binding: string;
  readonly schedule: string;
  readonly parsed: Schedule;
  readonly isMonitored: boolean;
  readonly runOnStartup: boolean;
}
export interface QueueTrigger {
  readonly kind: "queue";
  readonly binding: string;
  readonly queue: string;
  readonly isDeadLetters: boolean;
  readonly connectionName: string;
  readonly connection: Connection;
  readonly autoComplete: boolean;
}
export interface HttpTrigger {
  readonly kind: "http";
  readonly binding: string;
  readonly template: Template;
  readonly methods: readonly string[];
  readonly authLevel: "anonymous" | "function" | "admin";
}

export interface RetryPolicy {
  readonly count: number;
  /** Wait before try n, from 1. */
  delayMs(n: number): number;
}

export interface Found {
  readonly functions: readonly AppFunction[];
  readonly faults: readonly FaultText[];
  readonly warnings: readonly { readonly name: string; readonly what: string }[];
}

interface Reading {
  readonly hostJson: HostJson;
  readonly settings: Settings;
  readonly fault: (what: string, fix: string) => null;
  readonly warn: (what: string) => void;
}

export function readTriggers(registered: Iterable<Registered>, hostJson: HostJson, settings: Settings): Found {
  const functions: AppFunction[] = [];
  const faults: FaultText[] = [];
  const warnings: { name: string; what: string }[] = [];
  for (const { metadata, callback } of registered) {
    const { name, bindings } = metadata;
    const fault = (what: string, fix: string): null => {
      faults.push({ what, fix, at: { where: `function ${name}` } });
      return null;
    };
    const warn = (what: string): void => void warnings.push({ name, what });
    if (!/^[a-z][a-z0-9_-]{0,127}$/i.test(name) || name.toLowerCase() === "host") {
      fault("the name is not allowed.", "Use letters, digits, _ and -, first a letter, at most 128.");
      continue;
    }
    const reading: Reading = { hostJson, settings, fault, warn };
    const trigger = readTrigger(name, bindings, reading);
    if (trigger === null) continue;
    functions.push({ name, bindings, callback, trigger, retry: readRetry(metadata.retryOptions, trigger, warn) });
  }
  return { functions, faults, warnings };
}

function readTrigger(name: string, bindings: Readonly<Record<string, Binding>>, reading: Reading): Trigger | null {
  const { fault } = reading;
  const all = Object.entries(bindings);
  const trigger = all.find(([, { type }]) => type.endsWith("Trigger"));
  if (trigger === undefined)
    return fault("it has no trigger.", "Register it with app.timer, app.serviceBusQueue or app.http.");
  const [key, binding] = trigger;
  const other = all.find(([at, { type }]) => at !== key && !(binding.type === "httpTrigger" && type === "http"));
  if (other !== undefined) {
    return fault(
      `binding "${other[1].type}" is not supported by the embedded host.`,
      "Use the SDK's client in the handler.",
    );
  }
  if (binding["sdkBinding"] === true)
    return fault("sdkBinding is not supported by the embedded host.", "Leave it out.");
  switch (binding.type) {
    case "timerTrigger":
      return readTimer(key, binding, reading);
    case "serviceBusTrigger":
      return readQueue(key, binding, reading);
    case "httpTrigger":
      return readHttp(name, key, binding, reading);
    default:
      return fault(
        `trigger "${binding.type}" is not supported by the embedded host.`,
        "Timer, Service Bus queue and HTTP are.",
      );
  }
}

const timerOptions = z.looseObject({
  schedule: z.string(),
  useMonitor: z.boolean().default(true),
  runOnStartup: z.boolean().default(false),
});

function readTimer(key: string, binding: Binding, { settings, fault }: Reading): TimerTrigger | null {
  const options = timerOptions.safeParse(binding);
  if (!options.success) return fault(`its timer is not usable: ${z.prettifyError(options.error)}.`, "Set schedule.");
  const expanded = expand(options.data.schedule, settings);
  if ("missing" in expanded) {
    return fault(
      `its schedule needs the setting ${expanded.missing}, which is not set.`,
      "Set it to a six-field schedule.",
    );
  }
  const parsed = parseSchedule(expanded.text);
  if ("fault" in parsed) {
    return fault(`schedule "${expanded.text}": ${parsed.fault}.`, 'An example: "0 */5 * * * *", each five minutes.');
  }
  return {
    kind: "timer",
    binding: key,
    schedule: expanded.text,
    parsed,
    isMonitored: options.data.useMonitor && !parsed.isSubMinute,
    runOnStartup: options.data.runOnStartup,
  };
}

const queueOptions = z.looseObject({
  queueName: z.string().min(1),
  connection: z.string().min(1),
  cardinality: z.string().default("one"),
  isSessionsEnabled: z.boolean().default(false),
  autoCompleteMessages: z.boolean().optional(),
});
const DEAD_LETTERS = /\/\$deadletterqueue$/i;

function readQueue(key: string, binding: Binding, { hostJson, settings, fault }: Reading): QueueTrigger | null {
  const options = queueOptions.safeParse(binding);
  if (!options.success) {
    return fault(`its trigger is not usable: ${z.prettifyError(options.error)}.`, "Set queueName and connection.");
  }
  const { queueName, connection: connectionName, cardinality, isSessionsEnabled, autoCompleteMessages } = options.data;
  if (!hostJson.hasExtensionBundle) {
    return fault(
      "host.json has no extensionBundle, so Azure would not load its trigger.",
      "Add extensionBundle to host.json.",
    );
  }
  if (cardinality !== "one") return fault('cardinality "many" is not supported by the embedded host.', "Leave it out.");
  if (isSessionsEnabled)
    return fault("sessions are not supported by the embedded host.", "Leave isSessionsEnabled out.");
  const expanded = expand(queueName, settings);
  if ("missing" in expanded) {
    return fault(`its queueName needs the setting ${expanded.missing}, which is not set.`, "Set it to a queue's name.");
  }
  const connection = findConnection(connectionName, settings);
  if (connection === null) {
    const identity = `${connectionName}__fullyQualifiedNamespace`;
    return fault(
      `neither ${connectionName} nor ${identity} is set.`,
      "Set one: a connection string, or a namespace's name.",
    );
  }
  return {
    kind: "queue",
    binding: key,
    queue: expanded.text.replace(DEAD_LETTERS, ""),
    isDeadLetters: DEAD_LETTERS.test(expanded.text),
    connectionName,
    connection,
    autoComplete: autoCompleteMessages ?? hostJson.autoCompleteMessages,
  };
}

const httpOptions = z.looseObject({
  route: z.string().optional(),
  methods: z.array(z.string()).default(["GET", "POST"]),
  authLevel: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(["anonymous", "function", "admin"])),
});

function readHttp(name: string, key: string, binding: Binding, { hostJson, fault }: Reading): HttpTrigger | null {
  const options = httpOptions.safeParse(binding);
  if (!options.success)
    return fault(`its trigger is not usable: ${z.prettifyError(options.error)}.`, "See authLevel, methods.");
  const path = [hostJson.routePrefix, options.data.route ?? name].filter((part) => part !== "").join("/");
  const template = parseTemplate(path);
  if ("fault" in template) return fault(`route "${path}": ${template.fault}.`, "Mend the route.");
  if (template.segments[0]?.kind === "literal" && template.segments[0].text === "admin") {
    return fault("routes below admin/ belong to the host.", "Choose another first segment.");
  }
  const methods = options.data.methods.map((method) => method.toUpperCase());
  return { kind: "http", binding: key, template, methods, authLevel: options.data.authLevel };
}

function readRetry(options: RetryOptions | undefined, trigger: Trigger, warn: Reading["warn"]): RetryPolicy | null {
  if (options === undefined) return null;
  if (trigger.kind !== "timer") {
    warn(`retry is ignored: the ${trigger.kind} trigger has no retry policies in Azure.`);
    return null;
  }
  const seconds = (span: { readonly seconds?: number } | undefined): number => (span?.seconds ?? 0) * 1_000;
  const count = options.maxRetryCount ?? 0;
  if (options.retryStrategy !== "exponentialBackoff") return { count, delayMs: () => seconds(options.delayInterval) };
  const [least, most] = [seconds(options.minimumInterval), seconds(options.maximumInterval)];
  return { count, delayMs: (n) => Math.min(most, least * 2 ** (n - 1)) };
}
