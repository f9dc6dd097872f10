// Flags of `npm run kill-test`.
import { parseArgs } from "node:util";
import { didYouMean } from "../../../shared/domain/did-you-mean.ts";
import type { FaultText } from "../../../shared/domain/fault.ts";
import { UserFault } from "../../../shared/domain/fault.ts";

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
  const parsed = parseArgs({ args: [...args], options: KNOWN, strict: false, tokens: true, allowPositionals: true });
  const { values, positionals, tokens } = parsed;
  if (values.help === true) return "help";
  const faults: FaultText[] = [];
  const fault = (where: string, what: string, fix: string): void => void faults.push({ what, fix, at: { where } });
  for (const token of tokens) {
    if (token.kind !== "option" || token.name in KNOWN) continue;
    const near = didYouMean(token.name, Object.keys(KNOWN));
    fault(token.rawName, "is no flag.", near === undefined ? "See --help." : `Did you mean --${near}?`);
  }
  for (const word of positionals) fault(word, "stands alone.", "Flags begin with --; see --help.");
  const whole = (name: "kills" | "users" | "seed", otherwise: number, least: number, most: number): number => {
    const value = values[name] ?? String(otherwise);
    const number = Number(value);
    if (typeof value !== "string" || !/^\d{1,9}$/.test(value) || number < least || number > most)
      fault(`--${name}`, `needs a whole number from ${least} to ${most}.`, `As in --${name} ${otherwise}.`);
    return number;
  };
  const what = parseWhat(values.what ?? "instance", fault);
  const flags: KillFlags = {
    what,
    kills: whole("kills", 3, 0, 1_000),
    users: whole("users", 60, 1, 100_000),
    seed: whole("seed", 1, 0, 999_999_999),
  };
  if (faults.length > 0) throw new UserFault(faults);
  return flags;
}

function parseWhat(what: string | boolean, fault: (where: string, what: string, fix: string) => void): "instance" {
  if (what === "tree")
    fault("--what", "tree is not there yet: the table server loses its last seconds with it.", "Give instance.");
  else if (what !== "instance") fault("--what", `"${String(what)}" is neither instance nor tree.`, "Give instance.");
  return "instance";
}
