// The chain of changes of a batch: one entry a save, each with the hash of the one before. Folding the stored values, never running
// `transition` again, gives the stored rows (invariant 10).
import type { Instant } from "./instant.ts";

/** A column of a row as Table Storage keeps it; "" in an entry means that the column was taken away. */
export type Columns = Readonly<Record<string, string | number | boolean>>;

export interface JournalChange {
  readonly slot: number;
  /** Only the columns that changed. */
  readonly columns: Columns;
}

export interface JournalEntry {
  readonly seq: number;
  readonly commitId: string;
  readonly at: Instant;
  readonly actor: string;
  readonly cause: string;
  readonly changes: readonly JournalChange[];
  readonly previousHash: string;
  readonly hash: string;
}

/** The columns of one row after a run of entries, oldest first. */
export function foldJournal(entries: readonly JournalEntry[]): ReadonlyMap<number, Columns> {
  const rows = new Map<number, Record<string, string | number | boolean>>();
  for (const entry of entries) {
    for (const { slot, columns } of entry.changes) {
      const row = rows.get(slot) ?? {};
      for (const [name, value] of Object.entries(columns)) row[name] = value;
      rows.set(slot, row);
    }
  }
  return rows;
}

/** The first entry whose link to the one before is broken; `null` = the chain holds. */
export function findBrokenLink(entries: readonly JournalEntry[], genesis: string): JournalEntry | null {
  let previous = genesis;
  let seq = entries[0]?.seq ?? 0;
  for (const entry of entries) {
    if (entry.previousHash !== previous || entry.seq !== seq) return entry;
    previous = entry.hash;
    seq += 1;
  }
  return null;
}
