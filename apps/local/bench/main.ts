// `npm run bench`: this pipeline and the ways in which people do it by hand, each on a fresh tenant, by the tenant's own account.
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram, sayOnStderr } from "../program.ts";
import { chartsOf } from "./charts.ts";
import { measureCore } from "./core.ts";
import type { BenchRun } from "./figures.ts";
import { floorMs, medianRun, shuffled } from "./figures.ts";
import type { BenchFlags } from "./flags.ts";
import { HELP, parseBenchFlags } from "./flags.ts";
import { missedGoals } from "./goals.ts";
import type { RunName } from "./names.ts";
import type { BenchAsk } from "./one-run.ts";
import { runPeer } from "./peer-run.ts";
import { runPipeline } from "./pipeline-run.ts";
import { tableOf } from "./table.ts";

const EXIT_MISSED = 1;

async function main(): Promise<number> {
  const flags = parseBenchFlags(process.argv.slice(2));
  if (flags === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (flags.chartsDir !== null) mkdirSync(flags.chartsDir, { recursive: true });
  const core = flags.core ? measureCore(sayOnStderr) : [];
  const all = flags.only.length === 0 ? [] : await runAll(flags);
  const runs = flags.only.map((name) => medianRun(all.filter((run) => run.name === name)));
  if (runs.length > 0) sayOnStderr(`\n${tableOf(runs)}\n`);
  if (flags.chartsDir !== null)
    for (const [file, text] of chartsOf(runs)) writeFileSync(join(flags.chartsDir, file), text);
  const missed = [
    ...missedGoals(all, { hasFaults: flags.faults.length > 0, hasOtherApp: flags.otherApp > 0 }),
    ...core.flatMap(({ name, measured, unit, floor, isReached }) =>
      isReached ? [] : `${name}: ${String(measured)} ${unit}, and the goal is ${String(floor)}`,
    ),
  ];
  for (const goal of missed) sayOnStderr(`missed: ${goal}`);
  if (flags.json) process.stdout.write(`${JSON.stringify(reportOf(flags, runs, { core, missed }))}\n`);
  return missed.length === 0 ? 0 : EXIT_MISSED;
}

function askOf(flags: BenchFlags): BenchAsk {
  const { users, seed, faults, instances, compress, otherApp } = flags;
  const quota = { writes: flags.quota, otherApp, compress };
  const programsDir = fileURLToPath(new URL(".", import.meta.url));
  return { users, seed, quota, faults, instances, programsDir, say: sayOnStderr };
}

async function runAll(flags: BenchFlags): Promise<readonly BenchRun[]> {
  const ask = askOf(flags);
  const runs: BenchRun[] = [];
  const floorSeconds = (floorMs(ask.users, ask.quota) / 1_000).toFixed(1);
  sayOnStderr(
    `${ask.users} users, time compressed ${ask.quota.compress} x, floor ${floorSeconds} s; ` +
      `Node ${process.versions.node}, ${String(availableParallelism())} cores`,
  );
  for (let round = 0; round < flags.repeat; round++) {
    for (const name of shuffled(flags.only, flags.seed + round)) runs.push(await runOne(name, ask));
  }
  return runs;
}

async function runOne(name: RunName, ask: BenchAsk): Promise<BenchRun> {
  const run = await (name === "pipeline" ? runPipeline(ask) : runPeer(name, ask));
  const ratio = run.ratioToFloor === null ? "" : `, ${run.ratioToFloor} times the floor`;
  ask.say(`${name}: ${(run.wallMs / 1_000).toFixed(1)} s${ratio}; ${run.usersSet} of ${run.users} set`);
  return run;
}

function reportOf(
  { users, compress, quota, otherApp, instances, repeat, seed }: BenchFlags,
  runs: readonly BenchRun[],
  rest: { readonly core: readonly object[]; readonly missed: readonly string[] },
): object {
  const floor = Math.round(floorMs(users, { writes: quota, otherApp, compress }));
  return { users, compress, floorMs: floor, quota, otherApp, instances, repeat, seed, runs, ...rest };
}

await runProgram(main);
