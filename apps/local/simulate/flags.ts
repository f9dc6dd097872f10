// Flags of `npm run simulate`.
import { availableParallelism } from "node:os";
import { FlagReader } from "../flag-reader.ts";
import { parseSimFaults, SIM_FAULT_NAMES } from "./faults.ts";

export interface SimulateFlags {
  readonly seeds: number;
  readonly firstSeed: number;
  readonly users: number;
  /** As given: the processes of the seeds parse it again. */
  readonly faults: string;
  readonly processes: number;
  readonly mutants: boolean;
  readonly json: boolean;
}

export const HELP = `npm run simulate -- [flags]: the whole pipeline on a simulated tenant, clock, broker and tables, seed by seed.

  --seeds N         how many seeds (200; with --mutants at most so many for each planted bug, 300)
  --first-seed S    the first of them (1)
  --users M         users of each (200)
  --faults LIST     all, none, or names parted by commas (all); each seed leaves out about half of them
  --processes N     processes that share the seeds (one a core)
  --mutants         plants one bug after the other and shows that each is found
  --json            the result as one object on stdout

  npm run simulate -- --seeds 5000
  npm run simulate -- --first-seed 4711 --seeds 1 --users 20 --faults bus-lost,instance-crash
  npm run simulate -- --mutants

Faults: ${SIM_FAULT_NAMES.join(", ")}
`;

const KNOWN = {
  seeds: { type: "string" },
  "first-seed": { type: "string" },
  users: { type: "string" },
  faults: { type: "string" },
  processes: { type: "string" },
  mutants: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const SEEDS_MOST = 10_000_000;
const USERS_MOST = 1_000_000;

/** @throws UserFault with all faults of the flags */
export function parseSimulateFlags(args: readonly string[]): SimulateFlags | "help" {
  const reader = new FlagReader(args, KNOWN, "npm run simulate -- --help");
  if (reader.isSet("help")) return "help";
  const faults = reader.text("faults") ?? "all";
  reader.parsed(() => parseSimFaults(faults), []);
  const mutants = reader.isSet("mutants");
  return reader.done({
    seeds: reader.whole("seeds", mutants ? 300 : 200, [1, SEEDS_MOST]),
    firstSeed: reader.whole("first-seed", 1, [0, SEEDS_MOST]),
    users: reader.whole("users", 200, [1, USERS_MOST]),
    faults,
    processes: reader.whole("processes", availableParallelism(), [1, 64]),
    mutants,
    json: reader.isSet("json"),
  });
}
