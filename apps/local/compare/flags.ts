// Flags of `npm run compare`.
import { FlagReader } from "../flag-reader.ts";

const KNOWN = {
  users: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export const HELP = `Times this pipeline against a loop of the official Graph client with 20 users in flight, on the same simulated
tenant with 60 ms latency and without quotas, one after the other. The ratio says something; the times are this machine's.

Usage: npm run compare -- [--users N] [--json]
  --users N   so many people, all registered (default 10000)
  --json      accepted everywhere; the last line of stdout is one JSON object anyway
`;

export interface CompareFlags {
  readonly users: number;
}

/** @throws UserFault */
export function parseCompareFlags(args: readonly string[]): CompareFlags | "help" {
  const reader = new FlagReader(args, KNOWN, "npm run compare -- --help");
  if (reader.isSet("help")) return "help";
  return reader.done({ users: reader.whole("users", 10_000, [1, 999_999]) });
}
