// Hunts each planted bug: seeds from 1 on, until one shows it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildMutant } from "./build-mutant.ts";
import type { Mutant } from "./mutants.ts";
import type { SeedLine } from "./seed-line.ts";
import { runProcess } from "./seed-process.ts";

export interface Hunt {
  readonly mutant: string;
  /** How many seeds it took; `null` = it was not found. */
  readonly seeds: number | null;
  readonly invariant: number | null;
  readonly what: string;
}

export interface HuntAsk {
  readonly root: string;
  readonly mutants: readonly Mutant[];
  readonly processes: number;
  readonly seedsMost: number;
  readonly users: number;
  readonly onHunt: (hunt: Hunt) => void;
}

export async function huntMutants(ask: HuntAsk): Promise<readonly Hunt[]> {
  const folder = mkdtempSync(join(tmpdir(), "mfa-mutants-"));
  const waiting = [...ask.mutants.entries()];
  const hunts: Hunt[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, mutant] = next;
      const program = join(folder, `mutant-${index}.mjs`);
      await buildMutant(ask.root, mutant, program);
      const hunt = await huntOne(program, mutant, ask);
      hunts.push(hunt);
      ask.onHunt(hunt);
    }
  };
  try {
    await Promise.all(Array.from({ length: ask.processes }, worker));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return hunts;
}

async function huntOne(program: string, { name }: Mutant, { seedsMost, users }: HuntAsk): Promise<Hunt> {
  const found: SeedLine[] = [];
  const range = {
    firstSeed: 1,
    stride: 1,
    lastSeed: seedsMost,
    users,
    faults: "all",
    acts: true,
    stopAtViolation: true,
  };
  await runProcess(program, range, (line) => {
    if (line.violations.length > 0) found.push(line);
  });
  const [first] = found;
  const [violation] = first?.violations ?? [];
  return {
    mutant: name,
    seeds: first?.seed ?? null,
    invariant: violation?.invariant ?? null,
    what: violation?.what ?? "",
  };
}
