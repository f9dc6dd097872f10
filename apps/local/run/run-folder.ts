// What a run's folder remembers about itself: whose people and which rollout it holds, and the page's key. The same folder goes on
// with the same inputs; another tenant in it would mix two rollouts in one set of tables.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { nodeHash } from "../../../shared/azure/node-chance.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import { syncFolder } from "../durable/sync-folder.ts";
import type { RunFlags } from "./flags.ts";
import type { RunInputs } from "./inputs.ts";

const VERSION = 1;
const FILE = "run.json";
const versioned = z.object({ v: z.number() });
const schema = z.object({
  v: z.literal(VERSION),
  people: z.string(),
  spec: z.string(),
  setup: z.string(),
  keys: z.object({ host: z.string(), master: z.string() }),
});
export type RunFolder = z.infer<typeof schema>;

/**
 * Makes the folder at its first use, and holds a later use to the same people, spec and mailboxes.
 *
 * @throws UserFault when it belongs to something else, to a newer version, or cannot be used
 */
export function openRunFolder(dataDir: string, flags: RunFlags, inputs: RunInputs): RunFolder {
  const file = join(dataDir, FILE);
  const known = existsSync(file) ? readKnown(file) : null;
  const setup = { senders: flags.senders, quota: flags.quota, graphUrl: flags.graphUrl };
  const asked = { people: digest(inputs.users), spec: digest(inputs.spec), setup: digest(setup) };
  if (known === null)
    return create(dataDir, { v: VERSION, ...asked, keys: { host: newSecret(), master: newSecret() } });
  const differs = [
    ...(known.people === asked.people ? [] : ["other people (--tenant, or --users and --seed)"]),
    ...(known.spec === asked.spec ? [] : ["another spec (--spec)"]),
    ...(known.setup === asked.setup ? [] : ["other --senders, --quota or --graph-url"]),
  ];
  if (differs.length === 0) return known;
  throw refusal(
    dataDir,
    `was begun with ${differs.join(" and ")}.`,
    "Give the same ones again, or another --data folder.",
  );
}

function readKnown(file: string): RunFolder {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw refusal(file, "cannot be read.", "Give another --data folder; what this one holds is not touched.");
  }
  const version = versioned.safeParse(json);
  if (version.success && version.data.v > VERSION)
    throw refusal(file, "was written by a newer version.", "Use that version, or another --data folder.");
  const parsed = schema.safeParse(json);
  if (!parsed.success)
    throw refusal(file, "is no file of a run.", "Give another --data folder; what this one holds is not touched.");
  return parsed.data;
}

function create(dataDir: string, folder: RunFolder): RunFolder {
  const file = join(dataDir, FILE);
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(`${file}.partial`, `${JSON.stringify(folder, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(`${file}.partial`, file);
    syncFolder(dataDir);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw refusal(
      dataDir,
      `cannot be written (${code}).`,
      "Give a --data folder on a disk with room that you may write.",
    );
  }
  return folder;
}

function refusal(where: string, what: string, fix: string): UserFault {
  return new UserFault([{ what, fix, at: { where } }]);
}

function digest(value: unknown): string {
  return nodeHash.digest(JSON.stringify(value));
}

export function newSecret(): string {
  return randomBytes(24).toString("base64url");
}
