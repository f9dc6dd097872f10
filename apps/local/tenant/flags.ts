// Flags of `npm run tenant`.
import { didYouMean } from "../../../shared/domain/did-you-mean.ts";
import { FlagReader } from "../flag-reader.ts";
import type { TenantFault } from "./faults.ts";
import { parseFaultsOf } from "../faults/parse-faults.ts";
import { faultNamesOf } from "../faults/vocabulary.ts";

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
  readonly faults: readonly TenantFault[];
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
                  names: ${faultNamesOf("tenant").join(", ")}
  --quota Q       documented or off (default documented)
  --speed X       virtual seconds a second (default 1)
  --data DIR      keeps everything; the same folder goes on where it ended
  --senders N     mailboxes that notices may be sent from (default 2)

Examples:
  npm run tenant -- --port 7071 --users 500 --seed 3
  npm run tenant -- --tenant people.csv --faults throttle=0.2,reset --speed 3600
`;

/** @returns `help`, or what the flags say. @throws UserFault */
export function parseFlags(args: readonly string[]): TenantFlags | "help" {
  const reader = new FlagReader(args, KNOWN, "npm run tenant -- --help");
  if (reader.isSet("help")) return "help";
  if (reader.text("tenant") !== null && reader.text("users") !== null)
    reader.fault("--users", "and --tenant exclude each other.", "Leave out one of the two.");
  return reader.done({
    port: reader.whole("port", 0, [0, 65_535]),
    users: reader.whole("users", 200, [1, MOST_USERS]),
    seed: reader.whole("seed", 1, [0, 4_294_967_295]),
    tenantFile: reader.text("tenant"),
    faults: reader.parsed(() => parseFaultsOf("tenant", reader.text("faults") ?? "none"), []),
    quota: readQuota(reader),
    speed: readSpeed(reader),
    dataDir: reader.text("data"),
    senders: reader.whole("senders", 2, [1, MOST_SENDERS]),
  });
}

type Reader = FlagReader<typeof KNOWN>;

function readSpeed(reader: Reader): number {
  const text = reader.text("speed") ?? "1";
  const speed = Number(text);
  if (text.trim() === "" || !(speed >= 0.001 && speed <= 1_000_000))
    reader.fault("--speed", `"${text}" is no number from 0.001 to 1000000.`, "As in --speed 3600.");
  return speed;
}

function readQuota(reader: Reader): "documented" | "off" {
  const text = reader.text("quota") ?? "documented";
  if (text === "documented" || text === "off") return text;
  const near = didYouMean(text, ["documented", "off"]);
  const fix = near === undefined ? "It is documented or off." : `Did you mean "${near}"?`;
  reader.fault("--quota", `"${text}" is unknown.`, fix);
  return "documented";
}
