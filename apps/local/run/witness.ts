// The tables against what the tenant itself says happened, and the journal against the tables. The witness is the tenant, never our rows.
import * as z from "zod";
import { formatEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import { GENESIS } from "../../../shared/codec/batch-rows.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { PHASES } from "../../../shared/domain/enrollment.ts";
import { findBrokenLink, foldJournal } from "../../../shared/domain/journal.ts";
import type { Batch } from "../../../shared/ports/batch-store.ts";
import type { Dependencies } from "../../../shared/compose.ts";

const write = z.looseObject({ at: z.number(), by: z.string(), requested: z.string().nullable(), stored: z.string() });
const mail = z.looseObject({ at: z.number(), rollout: z.string().nullable(), notice: z.string().nullable() });
const account = z.looseObject({
  id: z.string(),
  mfaState: z.string(),
  initialMfaState: z.string(),
  isBreakGlass: z.boolean(),
  registeredAt: z.number().nullable(),
  writes: z.array(write),
  mails: z.array(mail),
});
type Account = z.output<typeof account>;

export interface Verdict {
  readonly enforcedInTenant: number;
  readonly mismatches: number;
  readonly duplicates: number;
  readonly checked: number;
  readonly violations: readonly string[];
}

export async function readAccounts(url: string, adminToken: string): Promise<ReadonlyMap<string, Account>> {
  const response = await fetch(`${url}/simulator/account`, { headers: { authorization: `Bearer ${adminToken}` } });
  if (!response.ok) throw new Error(`the tenant does not show its account: ${response.status}`);
  const lines = (await response.text()).split("\n").filter((line) => line !== "");
  const found = new Map<string, Account>();
  for (const line of lines) {
    const value: unknown = JSON.parse(line);
    const parsed = account.safeParse(value);
    if (parsed.success) found.set(parsed.data.id, parsed.data);
  }
  return found;
}

async function* loadAll(deps: Dependencies, rollout: string): AsyncIterable<Batch> {
  const view = await deps.rollouts.read(rollout);
  for (const { value: wave } of view?.waves ?? []) {
    for (let batch = 0; batch < wave.batches; batch += 1) {
      const loaded = await deps.batches.load({ rollout, wave: wave.id, batch });
      if (loaded === null) throw new Error(`batch ${batch} of wave ${wave.id} is not there`);
      yield loaded;
    }
  }
}

export async function judge(
  deps: Dependencies,
  rollout: string,
  accounts: ReadonlyMap<string, Account>,
): Promise<Verdict> {
  const violations: string[] = [];
  let mismatches = 0;
  let duplicates = 0;
  let checked = 0;
  for await (const batch of loadAll(deps, rollout)) {
    checked += 1;
    violations.push(...(await judgeJournal(deps, batch)));
    for (const { enrollment } of batch.rows) {
      const seen = accounts.get(enrollment.userId);
      checked += 4;
      if (!PHASES.includes(enrollment.state.phase)) violations.push(`3: ${enrollment.userId} is nowhere`);
      if (seen === undefined) continue;
      if (isMismatch(enrollment, seen)) mismatches += 1;
      duplicates += countDuplicates(seen);
      violations.push(...judgeUser(enrollment, seen));
    }
  }
  for (const seen of accounts.values()) {
    if (!seen.isBreakGlass) continue;
    checked += 1;
    if (seen.writes.length > 0) violations.push(`2: the break-glass account ${seen.id} was written to`);
  }
  const enforcedInTenant = [...accounts.values()].filter(({ mfaState }) => mfaState === "enforced").length;
  return { enforcedInTenant, mismatches, duplicates, checked, violations };
}

/** Enforced in the tables is enforced in the tenant, and what we wrote `enforced` is known to the tables. */
function isMismatch({ state, written }: Enrollment, seen: Account): boolean {
  if (state.phase === "enforced") return seen.mfaState !== "enforced";
  const bound = seen.writes.some(({ requested }) => requested === "enforced");
  return bound && written !== "enforced" && state.phase !== "restored";
}

function countDuplicates({ mails }: Account): number {
  const keys = mails.map(({ rollout, notice }) => `${rollout ?? ""}/${notice ?? ""}`);
  return keys.length - new Set(keys).size;
}

function judgeUser({ userId, state, notices, registration }: Enrollment, seen: Account): readonly string[] {
  const violations: string[] = [];
  const told = notices.filter(({ outcome }) => outcome === "sent");
  const deadline = Math.max(0, ...told.map(({ enforceAfter }) => enforceAfter));
  for (const one of seen.writes) {
    if (one.requested === "enforced" && (told.length === 0 || one.at < deadline))
      violations.push(`1: ${userId} was enforced before its deadline`);
    if (one.requested === "enforced" && seen.registeredAt === null)
      violations.push(`1: ${userId} was enforced without a method (${registration.value})`);
  }
  if (state.phase === "excluded" && state.was.phase === "queued" && seen.writes.length > 0)
    violations.push(`2: ${userId} is excluded and was written to`);
  return violations;
}

/** The chain holds, and folding the stored values gives the stored rows (invariant 10). */
async function judgeJournal(deps: Dependencies, batch: Batch): Promise<readonly string[]> {
  const entries = [];
  for await (const entry of deps.batches.readJournal(batch.address)) entries.push(entry);
  const name = `${batch.address.wave}/${batch.address.batch}`;
  if (findBrokenLink(entries, GENESIS) !== null || entries.at(-1)?.hash !== batch.header.chain)
    return [`10: the journal of ${name} is broken`];
  const folded = foldJournal(entries);
  const wrong = batch.rows.filter(({ slot, enrollment }) => {
    const columns = Object.entries(folded.get(slot) ?? {}).filter(([, value]) => value !== "");
    const stored = formatEnrollment(enrollment);
    return columns.length !== Object.keys(stored).length || columns.some(([column, value]) => stored[column] !== value);
  });
  return wrong.length > 0 ? [`10: the journal of ${name} does not fold to its rows`] : [];
}
