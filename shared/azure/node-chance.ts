// Randomness, ids and hashing from Node; log lines to one sink.
import { createHash, randomBytes } from "node:crypto";
import type { Hash, Ids, Randomness } from "../ports/chance.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log, LogFields } from "../ports/log.ts";

export const nodeIds: Ids = { newId: () => randomBytes(16).toString("hex") };
export const nodeRandomness: Randomness = { next: () => Math.random() };
export const nodeHash: Hash = { digest: (text) => createHash("sha256").update(text).digest("hex") };
export const wallClock: Clock = { now: () => Date.now() };

/** One JSON line an entry: line breaks in values are escaped by JSON, so nobody can forge a line. */
function lineLog(write: (line: string) => void): Log {
  const at =
    (level: string) =>
    (message: string, fields: LogFields): void => {
      write(JSON.stringify({ level, message, ...fields }));
    };
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

/** The host collects standard error. */
export const stderrLog: Log = lineLog((line) => process.stderr.write(`${line}\n`));
