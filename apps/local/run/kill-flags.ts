// Flags of `npm run kill-test`.
import { FlagReader } from "../flag-reader.ts";

const KNOWN = {
  what: { type: "string" },
  kills: { type: "string" },
  users: { type: "string" },
  seed: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export const HELP = `Kills a rollout with SIGKILL at random moments and lets it go on; every user must end as in an undisturbed run.

Usage: npm run kill-test -- [flags]
  --what tree|instance  every process at once, or single instances of the function app (default tree)
  --kills N             so many kills (default 3)
  --users N             so many generated people (default 60)
  --seed S              of the people and of the moments (default 1)
  --json                accepted everywhere; the last line of stdout is one JSON object anyway

Examples:
  npm run kill-test -- --what tree --kills 50
  npm run kill-test -- --what instance --kills 20
`;

export interface KillFlags {
  readonly what: "tree" | "instance";
  readonly kills: number;
  readonly users: number;
  readonly seed: number;
}

/** @throws UserFault */
export function parseKillFlags(args: readonly string[]): KillFlags | "help" {
  const reader = new FlagReader(args, KNOWN, "npm run kill-test -- --help");
  if (reader.isSet("help")) return "help";
  const what = reader.text("what") ?? "tree";
  if (what !== "tree" && what !== "instance")
    reader.fault("--what", `"${what}" is neither tree nor instance.`, "Give one of the two.");
  return reader.done({
    what: what === "instance" ? "instance" : "tree",
    kills: reader.whole("kills", 3, [0, 1_000]),
    users: reader.whole("users", 60, [1, 100_000]),
    seed: reader.whole("seed", 1, [0, 999_999_999]),
  });
}
