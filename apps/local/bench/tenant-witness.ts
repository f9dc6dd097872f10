// The tenant's own account over its simulator's door: who is set, between which instants, and what it cost.
import * as z from "zod";

export interface Door {
  readonly url: string;
  readonly adminToken: string;
}

const stats = z.object({
  requests: z.number(),
  writes: z.number(),
  meteredWrites: z.number(),
  throttledWrites: z.number(),
});
export type WriteStats = z.infer<typeof stats>;

const write = z.object({ at: z.number(), requested: z.string().nullable() });
const line = z.union([
  z.object({ kind: z.literal("user"), id: z.string(), mfaState: z.string(), writes: z.array(write) }),
  z.object({ kind: z.literal("mailbox") }),
]);

export interface Witnessed {
  /** Ids of those whose MFA state is set. */
  readonly set: ReadonlySet<string>;
  /** Virtual, from the first to the last write that set a user; 0 where there is none. */
  readonly spanMs: number;
}

export async function readStats(door: Door): Promise<WriteStats> {
  return stats.parse(await (await ask(door, "stats")).json());
}

/** @param users whom the run was to set; the first write of each that set it counts, not one that repeats it */
export async function readWitness(door: Door, users: readonly string[]): Promise<Witnessed> {
  const wanted = new Set(users);
  const set = new Set<string>();
  let [first, last] = [Infinity, -Infinity];
  for (const text of (await (await ask(door, "account")).text()).split("\n")) {
    if (text === "") continue;
    const json: unknown = JSON.parse(text);
    const parsed = line.parse(json);
    if (parsed.kind !== "user" || !wanted.has(parsed.id) || parsed.mfaState === "disabled") continue;
    set.add(parsed.id);
    const at = parsed.writes.find(({ requested }) => requested !== null)?.at;
    if (at === undefined) continue;
    first = Math.min(first, at);
    last = Math.max(last, at);
  }
  return { set, spanMs: Math.max(0, last - first) };
}

async function ask({ url, adminToken }: Door, what: "stats" | "account"): Promise<Response> {
  const response = await fetch(`${url}/simulator/${what}`, { headers: { authorization: `Bearer ${adminToken}` } });
  if (!response.ok) throw new Error(`the tenant does not show its ${what}: ${response.status}`);
  return response;
}
