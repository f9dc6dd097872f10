// host.json as far as it matters to timers, Service Bus queues and HTTP, with Azure's defaults. Any key can be overridden by
// the setting AzureFunctionsJobHost__a__b (Microsoft Learn: host.json reference).
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { LogLevel } from "./core.ts";

export interface HostJson {
  readonly hasExtensionBundle: boolean;
  /** Null: no limit. */
  readonly functionTimeoutMs: number | null;
  readonly routePrefix: string;
  readonly maxConcurrentCalls: number;
  readonly autoCompleteMessages: boolean;
  readonly maxAutoLockRenewalMs: number;
  readonly logLevels: Readonly<Record<string, LogLevel>>;
}

/** Flex, Premium and Dedicated. */
const DEFAULT_TIMEOUT = "00:30:00";
const SPAN = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})$/;

const span = z
  .string()
  .regex(SPAN, "a time span hh:mm:ss or d.hh:mm:ss is expected")
  .transform((text) => parseSpanMs(text));
const number = z.coerce.number().int().min(1);
const flag = z.union([z.boolean(), z.stringbool()]);
const levelNames = ["trace", "debug", "information", "warning", "error", "critical", "none"] as const;
const level = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(levelNames));

const schema = z.looseObject({
  version: z.literal("2.0"),
  functionTimeout: z.union([z.literal("-1").transform(() => null), span]).prefault(DEFAULT_TIMEOUT),
  extensionBundle: z.looseObject({ id: z.string(), version: z.string() }).optional(),
  extensions: z
    .looseObject({
      http: z.looseObject({ routePrefix: z.string().default("api") }).prefault({}),
      serviceBus: z
        .looseObject({
          maxConcurrentCalls: number.default(() => 16 * availableParallelism()),
          autoCompleteMessages: flag.default(true),
          maxAutoLockRenewalDuration: span.prefault("00:05:00"),
          prefetchCount: z.coerce
            .number()
            .int()
            .max(0, "the embedded host does not prefetch: a prefetched message's lock runs while it waits")
            .default(0),
        })
        .prefault({}),
    })
    .prefault({}),
  logging: z.looseObject({ logLevel: z.record(z.string(), level).default({}) }).prefault({}),
});

export function readHostJson(appDir: string, settings: Readonly<Record<string, string | undefined>>): HostJson {
  const file = join(appDir, "host.json");
  const result = schema.safeParse(withOverrides(readJson(file), settings));
  if (!result.success) {
    throw new UserFault(
      result.error.issues.map(({ path, message }) => ({
        what: `${path.join(".") || "the file"}: ${message}.`,
        fix: "See Microsoft Learn, host.json reference.",
        at: { where: file },
      })),
    );
  }
  const { data } = result;
  return {
    hasExtensionBundle: data.extensionBundle !== undefined,
    functionTimeoutMs: data.functionTimeout,
    routePrefix: data.extensions.http.routePrefix.replace(/^\/+|\/+$/g, ""),
    maxConcurrentCalls: data.extensions.serviceBus.maxConcurrentCalls,
    autoCompleteMessages: data.extensions.serviceBus.autoCompleteMessages,
    maxAutoLockRenewalMs: data.extensions.serviceBus.maxAutoLockRenewalDuration,
    logLevels: data.logging.logLevel,
  };
}

/** A .NET TimeSpan. "24:00:00" means 24 days there, so it is refused here instead of being misread. */
function parseSpanMs(text: string): number {
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = SPAN.exec(text) ?? [];
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

function readJson(file: string): unknown {
  if (!existsSync(file)) {
    throw new UserFault([{ what: "there is no host.json.", fix: "Put one beside package.json.", at: { where: file } }]);
  }
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserFault([{ what: `not valid JSON: ${why}.`, fix: "Mend the file.", at: { where: file } }]);
  }
}

const OVERRIDE = /^AzureFunctionsJobHost__(.+)$/i;

function withOverrides(json: unknown, settings: Readonly<Record<string, string | undefined>>): unknown {
  if (!isObject(json)) return json;
  const root: Record<string, unknown> = structuredClone(json);
  for (const [name, value] of Object.entries(settings)) {
    const path = OVERRIDE.exec(name)?.[1]?.split("__");
    if (path !== undefined && value !== undefined) setAt(root, path, value);
  }
  return root;
}

function setAt(root: Record<string, unknown>, path: readonly string[], value: string): void {
  const [first = "", ...rest] = path;
  const key = Object.keys(root).find((known) => known.toLowerCase() === first.toLowerCase()) ?? first;
  if (rest.length === 0) {
    root[key] = value;
    return;
  }
  const below = root[key];
  const next: Record<string, unknown> = isObject(below) ? below : {};
  root[key] = next;
  setAt(next, rest, value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
