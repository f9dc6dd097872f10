// Flags of `npm run bench`.
import { didYouMean } from "../../../shared/domain/did-you-mean.ts";
import { parseFaultsOf } from "../faults/parse-faults.ts";
import { FlagReader } from "../flag-reader.ts";
import type { TenantFault } from "../tenant/faults.ts";
import type { RunName } from "./names.ts";
import { RUN_NAMES } from "./names.ts";

const KNOWN = {
  users: { type: "string" },
  compress: { type: "string" },
  only: { type: "string" },
  instances: { type: "string" },
  repeat: { type: "string" },
  seed: { type: "string" },
  quota: { type: "string" },
  faults: { type: "string" },
  "other-app": { type: "string" },
  charts: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Faults of single answers. No 429: the quota gives enough of those, and one more in a hundred would be another quota. */
const ONE_PERCENT = [
  "server-error",
  "timeout-after-commit",
  "missing-step",
  "doubled-step",
  "unknown-step",
  "envelope-error",
  "reset",
  "html-200",
]
  .map((name) => `${name}=0.01`)
  .join(",");

export const HELP = `Enables everybody of one simulated tenant, by this pipeline and by the ways in which people do it by hand, each on a
fresh tenant with the documented write quota. What counts is what the tenant itself says.

Usage: npm run bench -- [flags]
  --users N        people to enable (default 10000)
  --compress F     all clocks run F times as fast: the tenant's, the pipeline's and the peers' (whole, 1 to 100; default 10)
  --only LIST      some runs, with commas: ${RUN_NAMES.join(", ")};
                   or core: micro-benchmarks of the pure core (default all but core)
  --instances N    function-app instances of the pipeline (default 1)
  --repeat N       so many times each; the medians count (default 1)
  --seed S         decides people, faults and the order of the runs (default 1)
  --quota N        writes per 150 s that the tenant allows (default 3000)
  --faults LIST    one-percent (1 % of each fault of single answers), or names as of npm run tenant (default none)
  --other-app X    another program takes this share of the quota all the time, 0 to 0.9 (default 0)
  --charts DIR     writes SVG charts of the runs
  --json           one JSON object as the last line of stdout

Up to a third more people than the quota holds at once there is no floor worth the name: ratioToFloor is null then.

Examples
  npm run bench
  npm run -s bench -- --users 10000 --compress 10 --only pipeline --instances 3 --json
  npm run bench -- --only pipeline,p-limit-20 --faults one-percent
  npm run bench -- --only core

Exit codes: 0 all goals are reached · 1 one is not · 2 wrong usage.
`;

export interface BenchFlags {
  readonly users: number;
  readonly compress: number;
  readonly only: readonly RunName[];
  readonly core: boolean;
  readonly instances: number;
  readonly repeat: number;
  readonly seed: number;
  readonly quota: number;
  readonly faults: readonly TenantFault[];
  readonly otherApp: number;
  readonly chartsDir: string | null;
  readonly json: boolean;
}

/** @throws UserFault */
export function parseBenchFlags(args: readonly string[]): BenchFlags | "help" {
  const reader = new FlagReader(args, KNOWN, "npm run bench -- --help");
  if (reader.isSet("help")) return "help";
  const only = readOnly(reader);
  const faults = reader.text("faults") ?? "none";
  return reader.done({
    users: reader.whole("users", 10_000, [1, 1_000_000]),
    compress: reader.whole("compress", 10, [1, 100]),
    only: RUN_NAMES.filter((name) => only.includes(name)),
    core: only.includes("core"),
    instances: reader.whole("instances", 1, [1, 32]),
    repeat: reader.whole("repeat", 1, [1, 99]),
    seed: reader.whole("seed", 1, [0, 999_999_999]),
    quota: reader.whole("quota", 3_000, [10, 1_000_000]),
    faults: reader.parsed(() => parseFaultsOf("tenant", faults === "one-percent" ? ONE_PERCENT : faults), []),
    otherApp: readShare(reader),
    chartsDir: reader.text("charts"),
    json: reader.isSet("json"),
  });
}

type Reader = FlagReader<typeof KNOWN>;

function readOnly(reader: Reader): readonly string[] {
  const text = reader.text("only");
  if (text === null) return RUN_NAMES;
  const known: readonly string[] = [...RUN_NAMES, "core"];
  const words = text.split(",").map((word) => word.trim());
  for (const word of words.filter((one) => !known.includes(one))) {
    const near = didYouMean(word, known);
    const fix = near === undefined ? `Known are ${known.join(", ")}.` : `Did you mean "${near}"?`;
    reader.fault("--only", `"${word}" is no run.`, fix);
  }
  return words;
}

function readShare(reader: Reader): number {
  const text = reader.text("other-app") ?? "0";
  const share = Number(text);
  if (text.trim() === "" || !(share >= 0 && share <= 0.9))
    reader.fault("--other-app", `"${text}" is no number from 0 to 0.9.`, "As in --other-app 0.4.");
  return share;
}
