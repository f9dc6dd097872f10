// What the tables hold, commit by commit: the control row and each user's row with when they became so, and the journal folded as it
// grows. Read from the transactions themselves, never through the stores that are under test.
import { headerKey, journalText, parseHeader, parseJournal, slotOfKey } from "../../../shared/codec/batch-rows.ts";
import { parseControl } from "../../../shared/codec/control-rows.ts";
import { parseEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import type { Control } from "../../../shared/domain/control.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import type { Header } from "../../../shared/domain/header.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import type { Columns, JournalEntry } from "../../../shared/domain/journal.ts";
import type { RolloutId, UserId, WaveId } from "../../../shared/domain/names.ts";
import type { EntityWrite, Tables } from "../../../shared/ports/entity-table.ts";
import type { Hash } from "../../../shared/ports/chance.ts";

interface Version<T> {
  readonly at: Instant;
  readonly value: T;
}

export interface KnownRow {
  readonly rollout: RolloutId;
  readonly wave: WaveId;
  readonly versions: Version<Enrollment>[];
}

interface BatchState {
  seq: number;
  chain: string;
  readonly rows: Map<number, Record<string, string | number | boolean>>;
}

export interface Commit {
  readonly before: ReadonlyMap<UserId, Enrollment | null>;
  readonly after: readonly Enrollment[];
  readonly entry: JournalEntry | null;
  /** What does not fit, in words. */
  readonly broken: readonly string[];
}

/** Old versions are forgotten after this: nothing asks further back. */
const KEPT_MS = 3_600_000;

export class Committed {
  readonly controls: Version<Control>[] = [];
  readonly rows = new Map<UserId, KnownRow>();
  readonly #batches = new Map<string, BatchState>();
  readonly #hash: Hash;

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  /** @returns what a commit to the table of batches did, `null` for any other */
  take(table: keyof Tables, partition: string, writes: readonly EntityWrite[], now: Instant): Commit | null {
    if (table === "control") {
      const control = writes.find(({ row }) => row === "control");
      if (control !== undefined) remember(this.controls, { at: now, value: parseControl(control.columns) });
    }
    return table === "batches" ? this.#takeBatch(partition, writes, now) : null;
  }

  #takeBatch(partition: string, writes: readonly EntityWrite[], now: Instant): Commit {
    const broken: string[] = [];
    const before = new Map<UserId, Enrollment | null>();
    const after: Enrollment[] = [];
    const head = writes.find(({ row }) => row.startsWith("h_"));
    const journal = writes.find(({ row }) => row.startsWith("j_"));
    if (head === undefined || journal === undefined) {
      broken.push("a batch was written without its header or its journal entry");
      return { before, after, entry: null, broken };
    }
    const batch = Number(head.row.slice(2));
    const key = `${partition}/${headerKey(batch)}`;
    const state = this.#batches.get(key) ?? { seq: 0, chain: "genesis", rows: new Map() };
    this.#batches.set(key, state);
    const entry = parseJournal(journal.columns);
    broken.push(...this.#breaks(state, entry, parseHeader(head.columns)));
    state.seq = entry.seq;
    state.chain = entry.hash;
    this.#fold(state, entry, writes, broken);
    const [rollout = "", wave = ""] = partition.split("_");
    for (const { row, columns } of writes) {
      if (!row.startsWith("u_")) continue;
      const enrollment = parseEnrollment(columns);
      const known = this.rows.get(enrollment.userId) ?? { rollout, wave, versions: [] };
      this.rows.set(enrollment.userId, known);
      before.set(enrollment.userId, known.versions.at(-1)?.value ?? null);
      after.push(enrollment);
      remember(known.versions, { at: now, value: enrollment });
    }
    return { before, after, entry, broken };
  }

  #breaks(state: BatchState, entry: JournalEntry, header: Header): readonly string[] {
    const follows = entry.previousHash === state.chain && entry.seq === state.seq + 1;
    const isOfHeader = header.chain === entry.hash && header.seq === entry.seq;
    const isOwn = this.#hash.digest(journalText(entry)) === entry.hash;
    return [
      ...(follows ? [] : [`entry ${entry.seq} does not follow entry ${state.seq}`]),
      ...(isOfHeader ? [] : ["the header is not that of its entry"]),
      ...(isOwn ? [] : [`the hash of entry ${entry.seq} is not its own`]),
    ];
  }

  #fold(state: BatchState, entry: JournalEntry, writes: readonly EntityWrite[], broken: string[]): void {
    for (const { slot, columns } of entry.changes) {
      state.rows.set(slot, { ...state.rows.get(slot), ...columns });
    }
    for (const { row, columns } of writes) {
      if (row.startsWith("u_") && !isSame(state.rows.get(slotOfKey(row)) ?? {}, columns))
        broken.push(`the journal does not fold to row ${row}`);
    }
  }

  control(): Control | null {
    return this.controls.at(-1)?.value ?? null;
  }

  /** Did it hold in every version from `from` until now? False when there is none. */
  static throughout<T>(versions: readonly Version<T>[], from: Instant, holds: (value: T) => boolean): boolean {
    const since = versions.findLastIndex(({ at }) => at <= from);
    if (since === -1) return false;
    return versions.slice(since).every(({ value }) => holds(value));
  }
}

function remember<T>(versions: Version<T>[], version: Version<T>): void {
  versions.push(version);
  while (versions.length > 2 && (versions[1]?.at ?? 0) < version.at - KEPT_MS) versions.shift();
}

/** A column that went away is "" in the journal. */
function isSame(folded: Columns, stored: Columns): boolean {
  const names = new Set([...Object.keys(folded), ...Object.keys(stored)]);
  return [...names].every((name) => (folded[name] ?? "") === (stored[name] ?? ""));
}
