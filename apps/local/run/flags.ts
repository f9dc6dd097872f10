// Flags of `npm start`: all faults at once, each with how to mend it; nothing has started yet.
import { parseArgs } from "node:util";
import { didYouMean } from "../../../shared/domain/did-you-mean.ts";
import type { FaultText } from "../../../shared/domain/fault.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { Speed } from "../supervisor/options.ts";
import type { Fault } from "../tenant/fault-names.ts";
import { parseFaults } from "../tenant/fault-names.ts";

const KNOWN = {
  tenant: { type: "string" },
  users: { type: "string" },
  seed: { type: "string" },
  spec: { type: "string" },
  speed: { type: "string" },
  start: { type: "string" },
  faults: { type: "string" },
  quota: { type: "string" },
  senders: { type: "string" },
  data: { type: "string" },
  port: { type: "string" },
  instances: { type: "string" },
  "graph-url": { type: "string" },
  "record-graph": { type: "string" },
  latency: { type: "string" },
  "until-done": { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export const HELP = `Takes a simulated tenant from passwords only to MFA enforced, on this machine, without Azure.

Usage: npm start -- [flags]
  --tenant FILE        people, as CSV or JSON; else they are generated
  --users N --seed S   so many generated people (default 200), from this seed (default 1)
  --spec FILE          the rollout (default samples/rollout.yaml)
  --speed X            virtual seconds a second while nothing is in flight; default max
  --start ISO          first virtual instant (default 2026-03-02T06:00:00Z)
  --faults NAMES       none, storm, chaos, or names parted by commas
  --quota off          lifts the tenant's limits and the app's budgets (default documented)
  --senders N          so many mailboxes send the notices, in place of the spec's (the sample has 2)
  --data DIR           keeps everything; the same folder with the same people and spec goes on
  --port P             the page's port; 0 picks a free one (default 0)
  --instances N        function-app instances (default 1)
  --graph-url URL      this Graph instead of the embedded tenant; time then runs at 1x, and who we are there comes from
                       IDENTITY_ENDPOINT, IDENTITY_HEADER, TENANT_ID and GRAPH_{READER,NOTIFIER,ENFORCER}_CLIENT_ID
  --record-graph FILE  every exchange with Graph as JSON lines
  --latency MS         of the embedded tenant's answers (default 0)
  --until-done         ends when every enrollment is final or held
  --json               one JSON object as the last line

Examples:
  npm start
  npm start -- --tenant people.csv --spec rollout.yaml
  npm start -s -- --users 2000 --seed 7 --faults storm --until-done --json
`;

export interface RunFlags {
  readonly tenantFile: string | null;
  readonly users: number;
  readonly seed: number;
  readonly specFile: string;
  readonly speed: Speed;
  readonly start: number;
  readonly faults: readonly Fault[];
  readonly quota: "documented" | "off";
  /** `null`: the spec's own. */
  readonly senders: number | null;
  readonly dataDir: string | null;
  readonly port: number;
  readonly instances: number;
  readonly graphUrl: string | null;
  readonly recordGraphFile: string | null;
  readonly latencyMs: number;
  readonly untilDone: boolean;
  readonly json: boolean;
}

const FIRST_INSTANT = "2026-03-02T06:00:00Z";

/** @throws UserFault */
export function parseRunFlags(args: readonly string[]): RunFlags | "help" {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: KNOWN,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  if (values.help === true) return "help";
  const faults: FaultText[] = [];
  const fault = (where: string, what: string, fix: string): void => void faults.push({ what, fix, at: { where } });
  for (const token of tokens) {
    if (token.kind === "option" && !(token.name in KNOWN)) {
      const near = didYouMean(token.name, Object.keys(KNOWN));
      fault(
        token.rawName,
        "is no flag.",
        `${near === undefined ? "" : `Did you mean --${near}? `}See npm start -- --help.`,
      );
    }
  }
  for (const word of positionals) fault(word, "stands alone.", "Flags begin with --; see npm start -- --help.");
  const text = (name: keyof typeof KNOWN): string | null => {
    const value = values[name];
    if (value === true) fault(`--${name}`, "has no value.", "Give one after it.");
    return typeof value === "string" ? value : null;
  };
  const whole: FlagReader["whole"] = (name, otherwise, [least, most]) => {
    const value = text(name) ?? String(otherwise);
    const number = Number(value);
    if (!/^\d{1,9}$/.test(value) || number < least || number > most) {
      const what = `"${value}" is no whole number from ${least} to ${most}.`;
      fault(`--${name}`, what, `Give one, as in --${name} ${Math.max(least, otherwise)}.`);
    }
    return number;
  };
  const flags = readValues({ values, text, whole, fault, faults });
  if (values.users !== undefined && values.tenant !== undefined)
    fault("--users", "was given with --tenant.", "Give one of the two: a file, or so many generated people.");
  if (faults.length > 0) throw new UserFault(faults);
  return flags;
}

interface FlagReader {
  readonly values: { readonly json?: unknown; readonly "until-done"?: unknown };
  readonly text: (name: keyof typeof KNOWN) => string | null;
  readonly whole: (name: keyof typeof KNOWN, otherwise: number, span: readonly [number, number]) => number;
  readonly fault: Report;
  readonly faults: FaultText[];
}

function readValues({ values, text, whole, fault, faults }: FlagReader): RunFlags {
  const quota = text("quota");
  if (quota !== null && quota !== "off" && quota !== "documented")
    fault("--quota", `"${quota}" is neither off nor documented.`, "Give one of the two.");
  return {
    tenantFile: text("tenant"),
    users: whole("users", 200, [1, 1_000_000]),
    seed: whole("seed", 1, [0, 999_999_999]),
    specFile: text("spec") ?? "samples/rollout.yaml",
    speed: parseSpeed(text("speed") ?? "max", fault),
    start: parseStart(text("start") ?? FIRST_INSTANT, fault),
    faults: tryFaults(text("faults") ?? "none", faults),
    quota: quota === "off" ? "off" : "documented",
    senders: text("senders") === null ? null : whole("senders", 2, [1, 1_000]),
    dataDir: text("data"),
    port: whole("port", 0, [0, 65_535]),
    instances: whole("instances", 1, [1, 32]),
    graphUrl: parseGraphUrl(text("graph-url"), fault),
    recordGraphFile: text("record-graph"),
    latencyMs: whole("latency", 0, [0, 60_000]),
    untilDone: values["until-done"] === true,
    json: values.json === true,
  };
}

type Report = (where: string, what: string, fix: string) => void;

function parseSpeed(text: string, fault: Report): Speed {
  if (text === "max") return { kind: "max" };
  const factor = Number(text);
  if (!(factor >= 1) || !Number.isFinite(factor))
    fault("--speed", `"${text}" is neither max nor a number from 1.`, "As in --speed 3600.");
  return { kind: "times", factor };
}

function parseGraphUrl(text: string | null, fault: Report): string | null {
  if (text === null || URL.canParse(text)) return text;
  fault("--graph-url", `"${text}" is no URL.`, "As in --graph-url http://127.0.0.1:7072.");
  return null;
}

function parseStart(text: string, fault: Report): number {
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) fault("--start", `"${text}" is no ISO instant.`, `As in --start ${FIRST_INSTANT}.`);
  return at;
}

function tryFaults(text: string, faults: FaultText[]): readonly Fault[] {
  try {
    return parseFaults(text);
  } catch (error) {
    if (!(error instanceof UserFault)) throw error;
    faults.push(...error.faults);
    return [];
  }
}
