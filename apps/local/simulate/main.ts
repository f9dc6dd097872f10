// `npm run simulate`: many seeds of the whole pipeline on memory ports, or the hunt for planted bugs.
import { fileURLToPath } from "node:url";
import { runProgram, sayOnStderr } from "../program.ts";
import type { SimulateFlags } from "./flags.ts";
import { HELP, parseSimulateFlags } from "./flags.ts";
import { SIM_FAULT_NAMES } from "./faults.ts";
import { huntMutants } from "./hunt-mutants.ts";
import { MUTANTS } from "./mutants.ts";
import type { SeedLine } from "./seed-line.ts";
import { runRange } from "./seed-process.ts";
import { describeShrunk, replayCommand, shrink } from "./shrink.ts";

const PROGRAM = fileURLToPath(new URL("run-seeds.js", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** From so many seeds on, a fault that never happened is a failure of the run. */
const SEEDS_FOR_ALL_FAULTS = 500;
const SHOWN_STEPS = 30;

async function main(): Promise<number> {
  const flags = parseSimulateFlags(process.argv.slice(2));
  if (flags === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  return flags.mutants ? hunt(flags) : simulate(flags);
}

async function simulate(flags: SimulateFlags): Promise<number> {
  const { seeds, firstSeed, users, faults, processes, json } = flags;
  const began = performance.now();
  const bad: SeedLine[] = [];
  const total = { steps: 0, checks: 0, done: 0 };
  const happened = new Map<string, number>();
  const reached = new Map<string, number>();
  const lastSeed = firstSeed + seeds - 1;
  const ask = { firstSeed, lastSeed, users, faults, acts: true, stopAtViolation: false };
  await runRange(PROGRAM, processes, ask, (line) => {
    total.steps += line.steps;
    total.checks += line.checks;
    total.done += 1;
    addAll(happened, line.faults);
    addAll(reached, line.reached);
    if (line.violations.length > 0) {
      bad.push(line);
      for (const { invariant, what } of line.violations) sayOnStderr(`seed ${line.seed}: ${invariant}: ${what}`);
    }
    if (total.done % 100 === 0) sayOnStderr(`${total.done} of ${seeds} seeds, ${bad.length} with a violation`);
  });
  const seconds = (performance.now() - began) / 1_000;
  const [first] = bad.sort((a, b) => a.seed - b.seed);
  if (first !== undefined) await showFirst(first, flags);
  const missing =
    faults === "all" && seeds >= SEEDS_FOR_ALL_FAULTS ? SIM_FAULT_NAMES.filter((name) => !happened.has(name)) : [];
  for (const name of missing) sayOnStderr(`the fault ${name} never happened`);
  const result = {
    seeds,
    users,
    steps: total.steps,
    checks: total.checks,
    seedsPerSecond: round(seeds / seconds),
    violations: bad.flatMap(({ seed, violations }) => violations.map((violation) => ({ seed, ...violation }))),
    faults: sorted(happened),
    reached: sorted(reached),
  };
  process.stdout.write(`${json ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`);
  return bad.length > 0 || missing.length > 0 ? 1 : 0;
}

async function showFirst(line: SeedLine, { users, faults }: SimulateFlags): Promise<void> {
  const found = { seed: line.seed, users, faults, acts: true };
  sayOnStderr(`\nseed ${line.seed}, its last ${SHOWN_STEPS} steps:\n${line.lastSteps.slice(-SHOWN_STEPS).join("\n")}`);
  sayOnStderr(`again: ${replayCommand(found)}`);
  const invariant = line.violations[0]?.invariant ?? 0;
  const happened = Object.keys(line.faults);
  sayOnStderr(describeShrunk(await shrink(PROGRAM, found, { invariant, happened })));
}

async function hunt({ seeds, users, processes, json }: SimulateFlags): Promise<number> {
  const hunts = await huntMutants({
    root: ROOT,
    mutants: MUTANTS,
    processes,
    seedsMost: seeds,
    users,
    onHunt: ({ mutant, seeds: took, invariant }) =>
      sayOnStderr(took === null ? `NOT FOUND: ${mutant}` : `seed ${took}, invariant ${invariant ?? 0}: ${mutant}`),
  });
  const missed = hunts.filter(({ seeds: took }) => took === null).length;
  sayOnStderr(`${hunts.length - missed} of ${hunts.length} planted bugs were found within ${seeds} seeds`);
  if (json) process.stdout.write(`${JSON.stringify({ seeds, users, mutants: hunts })}\n`);
  return missed > 0 ? 1 : 0;
}

function addAll(to: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) to.set(name, (to.get(name) ?? 0) + count);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

await runProgram(main);
