// The body of POST roll-back, and its answers. Strict: a key that is not known may be a misspelt scope, and a roll back of everybody
// must never come from a typing error.
import * as z from "zod";
import type { FaultText } from "../domain/fault.ts";
import type { RolloutId, UserId, WaveId } from "../domain/names.ts";

const id = z.string().regex(/^[a-z0-9-]{1,40}$/, "is no id: lower-case letters, digits and hyphens, at most 40");
const guid = z
  .string()
  .regex(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i, "is no object id")
  .transform((text) => text.toLowerCase());
const USERS_MAX = 1_000;
const schema = z.strictObject({
  rollout: id,
  by: z.string().trim().min(1, "says who orders it, and is empty").max(200),
  reason: z.string().trim().min(1, "says why, and is empty").max(500),
  all: z.literal(true).optional(),
  wave: id.optional(),
  users: z.array(guid).min(1, "names nobody").max(USERS_MAX).optional(),
  from: z.strictObject({ wave: id, batch: z.int().min(0) }).optional(),
});

interface Order {
  readonly rollout: RolloutId;
  readonly scope:
    | { readonly kind: "all" }
    | { readonly kind: "wave"; readonly wave: WaveId }
    | { readonly kind: "users"; readonly users: readonly UserId[] };
  readonly by: string;
  readonly reason: string;
  readonly from: { readonly wave: WaveId; readonly batch: number } | null;
}

export type ParsedRollBack =
  | { readonly kind: "order"; readonly order: Order }
  | { readonly kind: "refused"; readonly faults: readonly FaultText[] };

export function parseRollBackOrder(body: unknown): ParsedRollBack {
  const result = schema.safeParse(body);
  if (!result.success) return { kind: "refused", faults: result.error.issues.map(toFault) };
  const { rollout, by, reason, from, all, wave, users } = result.data;
  const scopes: readonly Order["scope"][] = [
    ...(all === undefined ? [] : [{ kind: "all" } as const]),
    ...(wave === undefined ? [] : [{ kind: "wave", wave } as const]),
    ...(users === undefined ? [] : [{ kind: "users", users } as const]),
  ];
  const [scope, second] = scopes;
  if (scope === undefined || second !== undefined) {
    return refuse(`it names ${scopes.length} scopes.`, "Give one of `all: true`, `wave` and `users`.");
  }
  if (scope.kind === "users" && from !== undefined)
    return refuse("`from` goes with no list of users.", "Leave it out.");
  return { kind: "order", order: { rollout, by, reason, scope, from: from ?? null } };
}

/** As an answer's body: each fault with what is wrong, where, and how to mend it. */
export function formatFaults(faults: readonly FaultText[]): {
  readonly faults: readonly { readonly what: string; readonly where: string; readonly fix: string }[];
} {
  return { faults: faults.map(({ what, fix, at }) => ({ what, where: at.where, fix })) };
}

function refuse(what: string, fix: string): ParsedRollBack {
  return { kind: "refused", faults: [{ what, fix, at: { where: "body" } }] };
}

function toFault({ path, message }: z.core.$ZodIssue): FaultText {
  const where = path.length === 0 ? "body" : path.map(String).join(".");
  const fix = "Send `rollout`, `by`, `reason`, and one of `all: true`, `wave` and `users`.";
  return { what: `${where}: ${message}.`, fix, at: { where } };
}
