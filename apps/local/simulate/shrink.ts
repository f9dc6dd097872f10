// Makes a failing seed small: fewer users, fewer faults, no operators, as long as the same invariant breaks. Each try is a run of its own.
import type { SeedLine } from "./seed-line.ts";
import { runProcess } from "./seed-process.ts";

export interface FailingSeed {
  readonly seed: number;
  readonly users: number;
  readonly faults: string;
  readonly acts: boolean;
}

export interface Shrunk extends FailingSeed {
  readonly runs: number;
  readonly line: SeedLine;
}

const BUDGET_MS = 60_000;
const SHOWN_STEPS = 40;

export async function shrink(
  program: string,
  found: FailingSeed,
  { invariant, happened }: { readonly invariant: number; readonly happened: readonly string[] },
): Promise<Shrunk | null> {
  const until = performance.now() + BUDGET_MS;
  const shown: SeedLine[] = [];
  let runs = 0;
  const attempt = async (smaller: FailingSeed): Promise<boolean> => {
    const leftMs = until - performance.now();
    if (leftMs <= 0) return false;
    runs += 1;
    const line = await runOnce(program, smaller, leftMs);
    if (line?.violations.some((violation) => violation.invariant === invariant) !== true) return false;
    shown.push(line);
    return true;
  };
  let current = found;
  // Only faults that happened can matter.
  if (found.faults !== "none") {
    const named = { ...current, faults: happened.length === 0 ? "none" : happened.join(",") };
    if (await attempt(named)) current = named;
  }
  for (let users = current.users >> 1; users >= 1; users >>= 1) {
    if (!(await attempt({ ...current, users }))) break;
    current = { ...current, users };
  }
  if (await attempt({ ...current, acts: false })) current = { ...current, acts: false };
  for (const fault of current.faults === "all" ? [] : current.faults.split(",")) {
    const rest = current.faults.split(",").filter((name) => name !== fault);
    const without = { ...current, faults: rest.length === 0 ? "none" : rest.join(",") };
    if (await attempt(without)) current = without;
  }
  const line = shown.at(-1);
  return line === undefined ? null : { ...current, runs, line };
}

async function runOnce(
  program: string,
  { seed, users, faults, acts }: FailingSeed,
  mostMs: number,
): Promise<SeedLine | null> {
  const lines: SeedLine[] = [];
  const ask = { firstSeed: seed, lastSeed: seed, stride: 1, users, faults, acts, stopAtViolation: true };
  await runProcess(program, ask, (line) => lines.push(line), AbortSignal.timeout(Math.ceil(mostMs)));
  return lines[0] ?? null;
}

export function replayCommand({ seed, users, faults }: FailingSeed): string {
  return `npm run simulate -- --first-seed ${seed} --seeds 1 --users ${users} --faults ${faults}`;
}

export function describeShrunk(shrunk: Shrunk | null): string {
  if (shrunk === null) return "it could not be made smaller";
  const { line, runs, acts } = shrunk;
  const what = line.violations.map(({ invariant, what: text }) => `${invariant}: ${text}`).join("\n");
  return [
    `\nmade smaller in ${runs} runs${acts ? "" : ", without operators"}: ${shrunk.users} users, ${line.steps} steps`,
    line.lastSteps.slice(-SHOWN_STEPS).join("\n"),
    what,
    `again: ${replayCommand(shrunk)}`,
  ].join("\n");
}
