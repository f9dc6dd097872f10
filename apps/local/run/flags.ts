// Flags of `npm start`.
import { FlagReader } from "../flag-reader.ts";
import type { Speed } from "../supervisor/options.ts";
import type { Fault } from "../faults/vocabulary.ts";
import { parseFaults } from "../faults/parse-faults.ts";

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
  const reader = new FlagReader(args, KNOWN, "npm start -- --help");
  if (reader.isSet("help")) return "help";
  const quota = reader.text("quota");
  if (quota !== null && quota !== "off" && quota !== "documented")
    reader.fault("--quota", `"${quota}" is neither off nor documented.`, "Give one of the two.");
  if (reader.text("users") !== null && reader.text("tenant") !== null)
    reader.fault("--users", "was given with --tenant.", "Give one of the two: a file, or so many generated people.");
  return reader.done({
    tenantFile: reader.text("tenant"),
    users: reader.whole("users", 200, [1, 1_000_000]),
    seed: reader.whole("seed", 1, [0, 999_999_999]),
    specFile: reader.text("spec") ?? "samples/rollout.yaml",
    speed: parseSpeed(reader),
    start: parseStart(reader),
    faults: reader.parsed(() => parseFaults(reader.text("faults") ?? "none"), []),
    quota: quota === "off" ? "off" : "documented",
    senders: reader.text("senders") === null ? null : reader.whole("senders", 2, [1, 1_000]),
    dataDir: reader.text("data"),
    port: reader.whole("port", 0, [0, 65_535]),
    instances: reader.whole("instances", 1, [1, 32]),
    graphUrl: parseGraphUrl(reader),
    recordGraphFile: reader.text("record-graph"),
    latencyMs: reader.whole("latency", 0, [0, 60_000]),
    untilDone: reader.isSet("until-done"),
    json: reader.isSet("json"),
  });
}

/** Of a program that starts runs by itself. */
export function runFlagsOf(...args: readonly string[]): RunFlags {
  const flags = parseRunFlags(args);
  if (flags === "help") throw new Error("these flags ask for no help");
  return flags;
}

type Reader = FlagReader<typeof KNOWN>;

function parseSpeed(reader: Reader): Speed {
  const text = reader.text("speed") ?? "max";
  if (text === "max") return { kind: "max" };
  const factor = Number(text);
  if (!(factor >= 1) || !Number.isFinite(factor))
    reader.fault("--speed", `"${text}" is neither max nor a number from 1.`, "As in --speed 3600.");
  return { kind: "times", factor };
}

function parseGraphUrl(reader: Reader): string | null {
  const text = reader.text("graph-url");
  if (text === null || URL.canParse(text)) return text;
  reader.fault("--graph-url", `"${text}" is no URL.`, "As in --graph-url http://127.0.0.1:7072.");
  return null;
}

function parseStart(reader: Reader): number {
  const text = reader.text("start") ?? FIRST_INSTANT;
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) reader.fault("--start", `"${text}" is no ISO instant.`, `As in --start ${FIRST_INSTANT}.`);
  return at;
}
