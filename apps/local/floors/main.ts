// `npm run floors`: measures what the parts of the embedded runtime have to reach on a small machine, and says whether they do.
import { FlagReader } from "../flag-reader.ts";
import { runProgram, sayOnStderr } from "../program.ts";
import { measureBrokerFloor } from "./broker-floor.ts";
import type { Floor } from "./floor.ts";
import { measureTenantFloor } from "./tenant-floor.ts";

const HELP = `Measures the speed floors of the embedded runtime: each part as a process of its own, everything synced to the disk.
Takes about a minute and wants the machine for itself.

  npm run floors -- [--only broker|tenant] [--json]

  --only   measures one part
  --json   one line of JSON on stdout: {"floors":[{"name","floor","measured","unit","isReached"}]}

Examples
  npm run floors
  npm run -s floors -- --only broker --json > floors.json

Exit codes: 0 all floors are reached · 1 one is not · 2 wrong usage.
`;
const KNOWN = { only: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
const EXIT_NOT_REACHED = 1;

type Measure = (say: (line: string) => void) => Promise<readonly Floor[]>;

const PARTS: ReadonlyMap<string, Measure> = new Map<string, Measure>([
  ["broker", (say) => measureBrokerFloor(say)],
  ["tenant", measureTenantFloor],
]);

await runProgram(async () => {
  const flags = parseFlags(process.argv.slice(2));
  if (flags === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const floors: Floor[] = [];
  for (const measure of flags.parts) floors.push(...(await measure(sayOnStderr)));
  for (const floor of floors) sayOnStderr(verdictOf(floor));
  if (flags.isJson) process.stdout.write(`${JSON.stringify({ floors })}\n`);
  return floors.every(({ isReached }) => isReached) ? 0 : EXIT_NOT_REACHED;
});

function parseFlags(
  args: readonly string[],
): "help" | { readonly parts: readonly Measure[]; readonly isJson: boolean } {
  const reader = new FlagReader(args, KNOWN, "npm run floors -- --help");
  if (reader.isSet("help")) return "help";
  const only = reader.text("only");
  const one = only === null ? undefined : PARTS.get(only);
  if (only !== null && one === undefined) {
    reader.fault("--only", `"${only}" has no floors.`, `Known are ${[...PARTS.keys()].join(" and ")}.`);
  }
  return reader.done({ parts: one === undefined ? [...PARTS.values()] : [one], isJson: reader.isSet("json") });
}

function verdictOf({ name, floor, measured, unit, isReached }: Floor): string {
  const verdict = isReached ? "reached" : "NOT reached";
  return `${verdict}: ${name}: ${String(measured)} ${unit}, floor ${String(floor)}`;
}
