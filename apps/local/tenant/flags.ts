// Flags of `npm run tenant`: all faults at once, each with how to mend it.
import { parseArgs } from "node:util";
import { didYouMean } from "../../../shared/domain/did-you-mean.ts";
import type { FaultText } from "../../../shared/domain/fault.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { Fault } from "./fault-names.ts";
import { FAULT_NAMES, parseFaults } from "./fault-names.ts";

const MOST_USERS = 1_000_000;
const MOST_SENDERS = 1_000;
const KNOWN = {
  port: { type: "string" },
  users: { type: "string" },
  seed: { type: "string" },
  tenant: { type: "string" },
  faults: { type: "string" },
  quota: { type: "string" },
  speed: { type: "string" },
  data: { type: "string" },
  senders: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

export interface TenantFlags {
  readonly port: number;
  readonly users: number;
  readonly seed: number;
  readonly tenantFile: string | null;
  readonly faults: readonly Fault[];
  readonly quota: "documented" | "off";
  readonly speed: number;
  readonly dataDir: string | null;
  readonly senders: number;
}

export const HELP = `The simulated tenant alone: a Microsoft Graph for MFA rollouts on 127.0.0.1, with a managed-identity endpoint.

Usage: npm run tenant -- [flags]
  --port P        port; 0 picks a free one (default 0)
  --users N       generated people (default 200)
  --seed S        decides people, faults and latencies (default 1)
  --tenant FILE   people from a CSV or JSON file instead
  --faults LIST   none, storm, chaos, or names with commas, each with a rate if wanted (default none)
                  names: ${FAULT_NAMES.join(", ")}
  --quota Q       documented or off (default documented)
  --speed X       virtual seconds a second (default 1)
  --data DIR      keeps everything; the same folder goes on where it ended
  --senders N     mailboxes that notices may be sent from (default 2)

Examples:
  npm run tenant -- --port 7071 --users 500 --seed 3
  npm run tenant -- --tenant people.csv --faults throttle=0.2,reset --speed 3600
`;

/** @returns `help`, or what the flags say */
export function parseFlags(args: readonly string[]): TenantFlags | "help" {
  const wrong: FaultText[] = [];
  const given = readWords(args, wrong);
  if (given === "help") return "help";
  const whole = (name: string, range: Range): number => readNumber(given, name, { ...range, whole: true }, wrong);
  const flags: TenantFlags = {
    port: whole("port", { usual: 0, least: 0, most: 65_535 }),
    users: whole("users", { usual: 200, least: 1, most: MOST_USERS }),
    seed: whole("seed", { usual: 1, least: 0, most: 4_294_967_295 }),
    tenantFile: given.get("tenant") ?? null,
    faults: readFaults(given.get("faults") ?? "none", wrong),
    quota: readQuota(given.get("quota") ?? "documented", wrong),
    speed: readNumber(given, "speed", { usual: 1, least: 0.001, most: 1_000_000, whole: false }, wrong),
    dataDir: given.get("data") ?? null,
    senders: whole("senders", { usual: 2, least: 1, most: MOST_SENDERS }),
  };
  if (given.has("tenant") && given.has("users")) {
    wrong.push(fault("--users", "and --tenant exclude each other.", "Leave out one of the two."));
  }
  if (wrong.length > 0) throw new UserFault(wrong);
  return flags;
}

function readWords(args: readonly string[], wrong: FaultText[]): ReadonlyMap<string, string> | "help" {
  const { tokens } = parseArgs({
    args: [...args],
    options: KNOWN,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string>();
  // The word behind a misspelt flag is its value, not a second fault.
  let valueOfUnknown = -1;
  for (const token of tokens) {
    if (token.kind === "positional" && token.index !== valueOfUnknown) {
      wrong.push(fault(token.value, "is no flag.", "Flags begin with --; see --help."));
    }
    if (token.kind !== "option") continue;
    if (token.name === "help" || token.name === "h") return "help";
    if (!Object.hasOwn(KNOWN, token.name)) {
      wrong.push(unknownFlag(token.rawName, token.name));
      valueOfUnknown = token.index + 1;
    } else if (token.value === undefined) {
      wrong.push(fault(`--${token.name}`, "needs a value.", "See --help."));
    } else {
      given.set(token.name, token.value);
    }
  }
  return given;
}

interface Range {
  readonly usual: number;
  readonly least: number;
  readonly most: number;
}

function readNumber(
  given: ReadonlyMap<string, string>,
  name: string,
  { usual, least, most, whole }: Range & { readonly whole: boolean },
  wrong: FaultText[],
): number {
  const text = given.get(name);
  if (text === undefined) return usual;
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? "a whole number" : "a number";
  wrong.push(fault(`--${name}`, `"${text}" is not ${kind} from ${least} to ${most}.`, `Example: --${name} ${usual}`));
  return usual;
}

function readFaults(text: string, wrong: FaultText[]): readonly Fault[] {
  try {
    return parseFaults(text);
  } catch (error) {
    if (!(error instanceof UserFault)) throw error;
    wrong.push(...error.faults);
    return [];
  }
}

function readQuota(text: string, wrong: FaultText[]): "documented" | "off" {
  if (text === "documented" || text === "off") return text;
  const near = didYouMean(text, ["documented", "off"]);
  const fix = near === undefined ? "It is documented or off." : `Did you mean "${near}"?`;
  wrong.push(fault("--quota", `"${text}" is unknown.`, fix));
  return "documented";
}

function unknownFlag(raw: string, name: string): FaultText {
  const near = didYouMean(name, Object.keys(KNOWN));
  return fault(raw, "is no flag of this command.", near === undefined ? "See --help." : `Did you mean "--${near}"?`);
}

function fault(where: string, what: string, fix: string): FaultText {
  return { what, fix, at: { where } };
}
