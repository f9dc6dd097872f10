// Body of a message on the step queues. Strict: what this build does not know, it does not act on. A change of meaning is v2, read beside
// v1 until no v1 message can be left in a queue.
import * as z from "zod";
import { STEPS } from "../domain/names.ts";
import type { Nudge } from "../domain/nudge.ts";

const id = z.string().regex(/^[a-z0-9-]{1,40}$/);
const schema = z.strictObject({
  v: z.literal(1),
  tenant: z.string().min(1).max(64),
  rollout: id,
  wave: id,
  batch: z.int().min(0),
  step: z.enum(STEPS),
  grant: z.array(z.strictObject({ sender: z.string().min(1), count: z.int().min(1) })).optional(),
});

export type ParsedNudge =
  { readonly kind: "nudge"; readonly nudge: Nudge } | { readonly kind: "malformed"; readonly because: string };

export function parseStepMessage(body: unknown): ParsedNudge {
  const result = schema.safeParse(body);
  if (!result.success) return { kind: "malformed", because: z.prettifyError(result.error) };
  const { tenant, rollout, wave, batch, step, grant } = result.data;
  return { kind: "nudge", nudge: { tenant, rollout, wave, batch, step, grant: grant ?? [] } };
}

export function formatStepMessage({ tenant, rollout, wave, batch, step, grant }: Nudge): z.input<typeof schema> {
  const base = { v: 1, tenant, rollout, wave, batch, step } as const;
  return grant.length === 0 ? base : { ...base, grant: [...grant] };
}

/** A body as a dead letter keeps it: as text, and cut when it was very long. */
export function parseStepText(text: string): ParsedNudge {
  try {
    return parseStepMessage(JSON.parse(text));
  } catch {
    // JSON.parse says no more than that, and where: its words change from one Node to the next.
    return { kind: "malformed", because: "it is no JSON" };
  }
}
