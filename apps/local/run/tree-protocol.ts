// What a run in a process of its own tells the kill test over IPC.
import * as z from "zod";

export const treeAsk = z.object({ users: z.int(), seed: z.int(), dataDir: z.string() });
export type TreeAsk = z.infer<typeof treeAsk>;

const progress = z.object({
  kind: z.literal("progress"),
  /** Of this process; the broker's count goes on over restarts. */
  looks: z.int(),
  received: z.int(),
  isBusy: z.boolean(),
  now: z.number(),
});
const ended = z.object({
  kind: z.literal("ended"),
  phases: z.array(z.tuple([z.string(), z.string()])),
  verdict: z.object({
    checked: z.int(),
    violations: z.array(z.string()),
    enforcedInTenant: z.int(),
    mismatches: z.int(),
    duplicates: z.int(),
  }),
  uncertain: z.int(),
  looks: z.int(),
  received: z.int(),
  wallMs: z.number(),
});
export const treeMessage = z.discriminatedUnion("kind", [progress, ended]);
export type TreeMessage = z.infer<typeof treeMessage>;
export type Progress = z.infer<typeof progress>;
