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
  --what instance       single instances of the function app (the whole tree is not there yet)
  --kills N             so many kills (default 3)
  --users N             so many generated people (default 60)
  --seed S              of the people and of the moments (default 1)
  --json                accepted everywhere; the last line of stdout is one JSON object anyway

Example: npm run kill-test -- --what instance --kills 20
`;

export interface KillFlags {
  readonly what: "instance";
  readonly kills: number;
  readonly users: number;
  readonly seed: number;
}

/** @throws UserFault */
export function parseKillFlags(args: readonly string[]): KillFlags | "help" {
  const reader = new FlagReader(args, KNOWN, "npm run kill-test -- --help");
  if (reader.isSet("help")) return "help";
  const what = reader.text("what") ?? "instance";
  if (what === "tree")
    reader.fault("--what", "tree is not there yet: the table server loses its last seconds with it.", "Give instance.");
  else if (what !== "instance") reader.fault("--what", `"${what}" is neither instance nor tree.`, "Give instance.");
  return reader.done({
    what: "instance",
    kills: reader.whole("kills", 3, [0, 1_000]),
    users: reader.whole("users", 60, [1, 100_000]),
    seed: reader.whole("seed", 1, [0, 999_999_999]),
  });
}
