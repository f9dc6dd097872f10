// The tables against what the tenant itself says happened, and the journal against the tables.
import * as z from "zod";
import { nodeHash } from "../../../shared/azure/node-chance.ts";
import { GENESIS, journalText } from "../../../shared/codec/batch-rows.ts";
import { formatEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import type { Dependencies } from "../../../shared/compose.ts";
import { findBrokenLink, foldJournal } from "../../../shared/domain/journal.ts";
import type { Policy } from "../../../shared/domain/policy.ts";
import type { Batch } from "../../../shared/ports/batch-store.ts";
import type { Account } from "./judge-user.ts";
import { Checks, countDuplicates, isMismatch, judgeUser } from "./judge-user.ts";
import type { Session } from "./session.ts";

const write = z.object({ at: z.number(), requested: z.string().nullable() });
const mail = z.object({ at: z.number(), rollout: z.string().nullable(), notice: z.string().nullable() });
const account = z.object({
  kind: z.literal("user"),
  id: z.string(),
  mfaState: z.string(),
  isBreakGlass: z.boolean(),
  registeredAt: z.number().nullable(),
  writes: z.array(write),
  mails: z.array(mail),
});
const line = z.union([account, z.object({ kind: z.literal("mailbox") })]);

export interface Verdict {
  readonly enforcedInTenant: number;
  readonly mismatches: number;
  readonly duplicates: number;
  readonly checked: number;
  readonly violations: readonly string[];
}

type Judged = Pick<Session, "deps" | "supervisor" | "rollout" | "adminToken">;

export async function judgeRun(session: Judged): Promise<Verdict> {
  const { deps, supervisor, rollout, adminToken } = session;
  const { tenant } = supervisor.addresses;
  // Another Graph has no such door: there the rows are compared with the states that Graph itself shows, and nothing more is known.
  if (tenant === null) return judgeByGraph(deps, rollout);
  return judge(deps, rollout, await readAccounts(tenant.url, adminToken));
}

async function readAccounts(url: string, adminToken: string): Promise<ReadonlyMap<string, Account>> {
  const response = await fetch(`${url}/simulator/account`, { headers: { authorization: `Bearer ${adminToken}` } });
  if (!response.ok) throw new Error(`the tenant does not show its account: ${response.status}`);
  const found = new Map<string, Account>();
  for (const text of (await response.text()).split("\n")) {
    if (text === "") continue;
    const json: unknown = JSON.parse(text);
    const parsed = line.parse(json);
    if (parsed.kind === "user") found.set(parsed.id, parsed);
  }
  return found;
}

async function judge(deps: Dependencies, rollout: string, accounts: ReadonlyMap<string, Account>): Promise<Verdict> {
  const checks = new Checks();
  const seen = new Set<string>();
  let mismatches = 0;
  let duplicates = 0;
  const { policy, accepted } = await readPromise(deps, rollout);
  for await (const batch of loadAll(deps, rollout)) {
    await judgeJournal(checks, deps, batch);
    for (const { enrollment } of batch.rows) {
      const { userId } = enrollment;
      const known = accounts.get(userId);
      checks.expect(!seen.has(userId), `3: ${userId} has two rows`);
      checks.expect(known !== undefined, `3: ${userId} is in the tables and was never in the tenant`);
      seen.add(userId);
      if (known === undefined) continue;
      if (isMismatch(enrollment, known)) mismatches += 1;
      duplicates += countDuplicates(known);
      judgeUser(checks, enrollment, known, policy);
    }
  }
  checks.expect(seen.size === accepted, `3: ${accepted} users were accepted, and ${seen.size} have a row`);
  for (const known of accounts.values()) {
    if (known.isBreakGlass)
      checks.expect(known.writes.length === 0, `2: the break-glass account ${known.id} was written to`);
    else if (!seen.has(known.id))
      checks.expect(known.writes.length === 0, `2: ${known.id} has no row and was written to`);
  }
  const enforcedInTenant = [...accounts.values()].filter(({ mfaState }) => mfaState === "enforced").length;
  return { enforcedInTenant, mismatches, duplicates, checked: checks.checked, violations: checks.violations };
}

async function judgeByGraph(deps: Dependencies, rollout: string): Promise<Verdict> {
  const checks = new Checks();
  let enforcedInTenant = 0;
  let mismatches = 0;
  for await (const batch of loadAll(deps, rollout)) {
    await judgeJournal(checks, deps, batch);
    const enforced = batch.rows.filter(({ enrollment }) => enrollment.state.phase === "enforced");
    const states = await deps.directory.readMfaStates(enforced.map(({ enrollment }) => enrollment.userId));
    const confirmed = states.filter((read) => read.kind === "read" && read.value === "enforced").length;
    enforcedInTenant += confirmed;
    mismatches += enforced.length - confirmed;
  }
  return { enforcedInTenant, mismatches, duplicates: 0, checked: checks.checked, violations: checks.violations };
}

async function readPromise(
  deps: Dependencies,
  rollout: string,
): Promise<{ readonly policy: Policy; readonly accepted: number }> {
  const [{ value: control }, view] = await Promise.all([deps.control.readControl(), deps.rollouts.read(rollout)]);
  const policy = control.rollouts.find(({ id }) => id === rollout)?.policy;
  if (policy === undefined || view === null) throw new Error(`rollout ${rollout} is not there`);
  return { policy, accepted: view.rollout.value.users };
}

export async function* loadAll(
  deps: Pick<Dependencies, "rollouts" | "batches">,
  rollout: string,
): AsyncIterable<Batch> {
  const view = await deps.rollouts.read(rollout);
  for (const { value: wave } of view?.waves ?? []) {
    for (let batch = 0; batch < wave.batches; batch += 1) {
      const loaded = await deps.batches.load({ rollout, wave: wave.id, batch });
      if (loaded === null) throw new Error(`batch ${batch} of wave ${wave.id} is not there`);
      yield loaded;
    }
  }
}

/** Each hash is that of its entry, the chain holds, and folding the stored values gives the stored rows (invariant 10). */
async function judgeJournal(checks: Checks, deps: Dependencies, batch: Batch): Promise<void> {
  const entries = [];
  for await (const entry of deps.batches.readJournal(batch.address)) entries.push(entry);
  const name = `${batch.address.wave}/${batch.address.batch}`;
  for (const entry of entries) {
    checks.expect(nodeHash.digest(journalText(entry)) === entry.hash, `10: entry ${entry.seq} of ${name} was altered`);
  }
  checks.expect(findBrokenLink(entries, GENESIS) === null, `10: the chain of ${name} is broken`);
  checks.expect(entries.at(-1)?.hash === batch.header.chain, `10: the journal of ${name} ends before its header`);
  const folded = foldJournal(entries);
  for (const { slot, enrollment } of batch.rows) {
    const columns = Object.entries(folded.get(slot) ?? {}).filter(([, value]) => value !== "");
    const stored = formatEnrollment(enrollment);
    const same =
      columns.length === Object.keys(stored).length && columns.every(([column, value]) => stored[column] === value);
    checks.expect(same, `10: the journal of ${name} does not fold to row ${slot}`);
  }
}

/** Object id → phase. */
export async function readPhases({ deps, rollout }: Pick<Judged, "deps" | "rollout">): Promise<Map<string, string>> {
  const phases = new Map<string, string>();
  for await (const { rows } of loadAll(deps, rollout))
    for (const { enrollment } of rows) phases.set(enrollment.userId, enrollment.state.phase);
  return phases;
}
