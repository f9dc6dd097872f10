// Header and journal rows of table `batches`, version 1, and the keys of all three kinds.
import * as z from "zod";
import { emptyPhases } from "../domain/header.ts";
import type { Header, StepDue } from "../domain/header.ts";
import type { Columns, JournalChange, JournalEntry } from "../domain/journal.ts";
import type { BatchAddress } from "../domain/names.ts";
import { MFA_STATES, STEPS } from "../domain/names.ts";
import { PHASES } from "../domain/enrollment.ts";
import { blockOf } from "../domain/slice.ts";
import {
  count,
  formatLongText,
  formatTime,
  parseLongText,
  parseJsonRow,
  parseRow,
  time,
  timeOrZero,
  withTime,
  onceEach,
} from "./columns.ts";

const pad = (value: number, width: number): string => String(value).padStart(width, "0");

export function blockPartition(rollout: string, wave: string, block: number): string {
  return `${rollout}_${wave}_${pad(block, 3)}`;
}

export const partitionOf = ({ rollout, wave, batch }: BatchAddress): string =>
  blockPartition(rollout, wave, blockOf(batch));
export const headerKey = (batch: number): string => `h_${pad(batch, 5)}`;
export const rowKey = (batch: number, slot: number): string => `u_${pad(batch, 5)}_${pad(slot, 2)}`;
export const journalKey = (batch: number, seq: number): string => `j_${pad(batch, 5)}_${pad(seq, 8)}`;
export const batchOfKey = (key: string): number => Number(key.slice(2, 7));
export const slotOfKey = (key: string): number => Number(key.slice(8));

/** From a prefix up to, but without, the prefix with its last code unit plus one. */
export function rangeOf(prefix: string): { readonly from: string; readonly to: string } {
  const last = prefix.charCodeAt(prefix.length - 1);
  return { from: prefix, to: prefix.slice(0, -1) + String.fromCharCode(last + 1) };
}

const header = z.object({
  v: z.literal(1),
  seq: count,
  writes: count,
  nudgeAt: timeOrZero,
  chain: z.string(),
  phases: z.string(),
  due: z.string(),
  failures: z.string(),
  sent: count,
  uncertain: count,
  // Not in rows of builds that looked at no sample.
  sample: z.string().optional(),
});
export const HEADER_COLUMNS: ReadonlySet<string> = new Set(Object.keys(header.shape));
const phases = z.partialRecord(z.enum(PHASES), count);
const stepDue = z.object({ at: time, count, writes: count });
const sampleOf = z.object({ userId: z.string(), mfaState: z.enum(MFA_STATES), at: time });
const due = z.object({ enable: stepDue, notify: stepDue, enforce: stepDue, restore: stepDue });

export function formatHeader({ seq, writes, nudgeAt, chain, notices, failures, ...rest }: Header): Columns {
  const columns: Record<string, string | number> = { v: 1, seq, writes, chain };
  withTime(columns, "nudgeAt", nudgeAt);
  // Only what is there: most batches are in one phase.
  columns["phases"] = JSON.stringify(
    Object.fromEntries(PHASES.flatMap((phase) => (rest.phases[phase] > 0 ? [[phase, rest.phases[phase]]] : []))),
  );
  columns["due"] = JSON.stringify(Object.fromEntries(STEPS.map((step) => [step, formatDue(rest.due[step])])));
  columns["failures"] = JSON.stringify(failures);
  columns["sent"] = notices.sent;
  columns["uncertain"] = notices.uncertain;
  if (rest.sample !== undefined) {
    columns["sample"] = JSON.stringify({ ...rest.sample, at: formatTime(rest.sample.at) });
  }
  return columns;
}

function formatDue(step: StepDue): { readonly at: string; readonly count: number; readonly writes: number } {
  return { at: formatTime(step.at), count: step.count, writes: step.writes };
}

export const parseHeader = onceEach((columns): Header => {
  const row = parseRow(header, columns, "a batch header");
  const { seq, writes, nudgeAt, chain, sent, uncertain } = row;
  return {
    seq,
    writes,
    nudgeAt,
    chain,
    phases: { ...emptyPhases(), ...parseJsonRow(phases, row.phases, "a header's phases") },
    due: parseJsonRow(due, row.due, "a header's due steps"),
    failures: parseJsonRow(z.record(z.string(), count), row.failures, "a header's failures"),
    notices: { sent, uncertain },
    ...(row.sample === undefined ? {} : { sample: parseJsonRow(sampleOf, row.sample, "a header's sample") }),
  };
});

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const changes = z.array(z.object({ slot: count, columns: z.record(z.string(), scalar) }));
const journal = z.object({
  v: z.literal(1),
  seq: count,
  commitId: z.string(),
  at: time,
  actor: z.string(),
  cause: z.string(),
  previousHash: z.string(),
  hash: z.string(),
});

/** What the first entry of a batch has as the hash before it. */
export const GENESIS = "genesis";

/** The text that an entry's hash is taken over. */
export function journalText(entry: Omit<JournalEntry, "hash">): string {
  const { seq, commitId, at, actor, cause, previousHash } = entry;
  return JSON.stringify([previousHash, seq, commitId, formatTime(at), actor, cause, entry.changes]);
}

export function formatJournal(entry: JournalEntry): Columns {
  const { seq, commitId, at, actor, cause, previousHash, hash } = entry;
  return {
    v: 1,
    seq,
    commitId,
    at: formatTime(at),
    actor,
    cause,
    previousHash,
    hash,
    ...formatLongText("changes", JSON.stringify(entry.changes)),
  };
}

export function parseJournal(columns: Columns): JournalEntry {
  const { seq, commitId, at, actor, cause, previousHash, hash } = parseRow(journal, columns, "a journal entry");
  const parsed = parseJsonRow(changes, parseLongText("changes", columns), "a journal entry's changes");
  return { seq, commitId, at, actor, cause, previousHash, hash, changes: parsed };
}

/** Only the columns that differ; a column that went away is "". */
export function diffColumns(slot: number, before: Columns, after: Columns): JournalChange {
  const columns: Record<string, string | number | boolean> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const value = after[name] ?? "";
    if (before[name] !== value && !(before[name] === undefined && value === "")) columns[name] = value;
  }
  return { slot, columns };
}
