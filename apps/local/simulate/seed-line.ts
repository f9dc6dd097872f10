// What a process that runs seeds says of each.
import { z } from "zod";

export const seedLine = z.object({
  seed: z.int(),
  steps: z.int(),
  checks: z.int(),
  traceHash: z.string(),
  violations: z.array(z.object({ invariant: z.int(), what: z.string() })),
  faults: z.record(z.string(), z.int()),
  reached: z.record(z.string(), z.int()),
  /** Of a seed with a violation. */
  lastSteps: z.array(z.string()),
});
export type SeedLine = z.infer<typeof seedLine>;
