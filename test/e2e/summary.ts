// The summary's shape as users' scripts rely on it: every name is there, and no other.
import * as z from "zod";

const count = z.int().min(0);

const summary = z.strictObject({
  rollout: z.string(),
  users: count,
  outcome: z.strictObject({
    enforced: count,
    restored: count,
    excluded: count,
    held: count,
    failed: count,
    pending: count,
  }),
  failures: z.record(z.string(), count),
  notices: z.strictObject({ sent: count, duplicate: count, uncertain: count }),
  graph: z.strictObject({ requests: count, writes: count, throttled: count, retried: count }),
  tables: z.strictObject({ transactions: count, reads: count }),
  queue: z.strictObject({ sent: count, received: count, scheduled: count, deadLettered: count }),
  tenantCheck: z.strictObject({ enforcedInTenant: count, mismatches: count }),
  invariants: z.strictObject({ checked: count, violated: count }),
  faults: z.record(z.string(), count),
  wallMs: z.number(),
  virtualMs: z.number(),
  maxRssBytes: count,
});
export type SummaryJson = z.output<typeof summary>;

/** The last line of stdout is one JSON object, and nothing else is there. */
export function readSummary(stdout: string): SummaryJson {
  const lines = stdout.split("\n").filter((line) => line !== "");
  if (lines.length !== 1) throw new Error(`stdout has ${String(lines.length)} lines`);
  return summary.parse(JSON.parse(lines[0] ?? ""));
}
