// The settings of the function app: local.settings.json `Values`, over which the environment wins. The host puts the result
// into process.env before the first function file is imported, as core tools do.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";

export type Settings = Readonly<Record<string, string | undefined>>;

export type Connection =
  | { readonly kind: "string"; readonly connectionString: string }
  | {
      readonly kind: "identity";
      readonly namespace: string;
      /** `managedidentity`, or null for whatever login the machine has. */
      readonly credential: string | null;
      readonly clientId: string | null;
    };

const file = z.looseObject({ Values: z.record(z.string(), z.unknown()).default({}) });

export function readSettings(appDir: string, environment: Settings): Settings {
  const where = join(appDir, "local.settings.json");
  if (!existsSync(where)) return environment; // in Azure there is none, and a fresh checkout has none either
  const { Values: values } = file.parse(JSON.parse(readFileSync(where, "utf8")));
  const faults = Object.entries(values).filter(([, value]) => typeof value !== "string");
  if (faults.length > 0) {
    throw new UserFault(
      faults.map(([name]) => ({
        what: `"Values" holds "${name}", which is not text.`,
        fix: "Flatten it: a nested setting is written Name__Inner, a number in quotes.",
        at: { where },
      })),
    );
  }
  const texts = Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { ...Object.fromEntries(texts), ...environment };
}

export function isDisabled(functionName: string, settings: Settings): boolean {
  const value = settings[`AzureWebJobs.${functionName}.Disabled`] ?? settings[`AzureWebJobs_${functionName}_Disabled`];
  return value === "1" || value?.toLowerCase() === "true";
}

/** Replaces each %NAME% by the setting of that name; null and the name when one is missing. */
export function expand(text: string, settings: Settings): { text: string } | { missing: string } {
  const missing = [...text.matchAll(/%([^%]+)%/g)].map(([, name = ""]) => name).find((name) => !settings[name]);
  if (missing !== undefined) return { missing };
  return { text: text.replaceAll(/%([^%]+)%/g, (_, name: string) => settings[name] ?? "") };
}

/** `connection` names a setting. A plain connection string wins over an identity, as in Azure. */
export function findConnection(name: string, settings: Settings): Connection | null {
  const connectionString = settings[name];
  if (connectionString) return { kind: "string", connectionString };
  const namespace = settings[`${name}__fullyQualifiedNamespace`];
  if (!namespace) return null;
  return {
    kind: "identity",
    namespace,
    credential: settings[`${name}__credential`] ?? null,
    clientId: settings[`${name}__clientId`] ?? null,
  };
}
