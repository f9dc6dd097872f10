// Runs seeds one after the other and writes a line of JSON for each: a process of its own, so that cores share the work and a planted bug
// has a program of its own.
import { z } from "zod";
import { parseSimFaults } from "./faults.ts";
import type { SeedLine } from "./seed-line.ts";
import { runSeed } from "./world.ts";

const ask = z.object({
  firstSeed: z.int(),
  /** Every so many seeds, for processes that share a range. */
  stride: z.int().min(1),
  lastSeed: z.int(),
  users: z.int().min(1),
  faults: z.string(),
  acts: z.boolean(),
  stopAtViolation: z.boolean(),
});
export type SeedsAsk = z.infer<typeof ask>;

const json: unknown = JSON.parse(process.argv[2] ?? "{}");
const { firstSeed, stride, lastSeed, users, faults, acts, stopAtViolation } = ask.parse(json);
const allowed = parseSimFaults(faults);
for (let seed = firstSeed; seed <= lastSeed; seed += stride) {
  const result = await runSeed({ seed, users, faults: allowed, acts });
  const isBad = result.violations.length > 0;
  const line: SeedLine = {
    seed,
    steps: result.steps,
    checks: result.checks,
    traceHash: result.traceHash,
    violations: [...result.violations],
    faults: Object.fromEntries(result.faults),
    reached: Object.fromEntries(result.reached),
    lastSteps: isBad ? [...result.lastSteps] : [],
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (isBad && stopAtViolation) break;
}
