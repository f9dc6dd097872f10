// Flags of `npm run compare`.
import { parseArgs } from "node:util";
import { UserFault } from "../../../shared/domain/fault.ts";

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
  const options = {
    users: { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  if (values.help === true) return "help";
  const strange = tokens.find((token) => token.kind === "option" && !(token.name in options));
  const word = positionals[0] ?? (strange?.kind === "option" ? strange.rawName : undefined);
  if (word !== undefined) throw fault(word, "is no flag of the comparison.", "See npm run compare -- --help.");
  const users = values.users ?? "10000";
  if (typeof users !== "string" || !/^[1-9]\d{0,5}$/.test(users))
    throw fault("--users", "needs a whole number from 1 to 999999.", "As in --users 10000.");
  return { users: Number(users) };
}

function fault(where: string, what: string, fix: string): UserFault {
  return new UserFault([{ what, fix, at: { where } }]);
}
