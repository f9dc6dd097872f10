// BatchStore over an entity table: one lock a batch (the header's ETag), one transaction a save, lost answers recognised by commit id.
import {
  batchOfKey,
  diffColumns,
  formatHeader,
  formatJournal,
  GENESIS,
  HEADER_COLUMNS,
  headerKey,
  journalKey,
  journalText,
  parseHeader,
  parseJournal,
  partitionOf,
  blockPartition,
  rangeOf,
  rowKey,
  slotOfKey,
} from "../codec/batch-rows.ts";
import { unknownColumns } from "../codec/columns.ts";
import { ENROLLMENT_COLUMNS, formatEnrollment, parseEnrollment } from "../codec/enrollment-columns.ts";
import type { Header } from "../domain/header.ts";
import type { Columns, JournalEntry } from "../domain/journal.ts";
import type { BatchAddress } from "../domain/names.ts";
import type { Batch, BatchSave, BatchStore, HeaderOf, NewBatch, Row } from "../ports/batch-store.ts";
import type { Hash } from "../ports/chance.ts";
import { Conflict } from "../ports/errors.ts";
import type { EntityTable, EntityWrite, StoredEntity } from "../ports/entity-table.ts";
import { queryAll } from "./query-all.ts";

/** The columns as they were read: what a newer version added is written back, and the journal holds what changed. */
interface Raw {
  readonly header: Columns;
  readonly rows: ReadonlyMap<number, Columns>;
}

export class TableBatchStore implements BatchStore {
  readonly #table: EntityTable;
  readonly #hash: Hash;
  readonly #raw = new WeakMap<Batch, Raw>();

  constructor(table: EntityTable, hash: Hash) {
    this.#table = table;
    this.#hash = hash;
  }

  async load({ rollout, wave, batch }: BatchAddress): Promise<Batch | null> {
    const address = { rollout, wave, batch };
    const partition = partitionOf(address);
    // The header first: whoever saves after it takes its ETag away, and nothing that is made of newer rows can be saved. The other way
    // round, or both at once, old rows could pass for those of a newer header, and be written over what was saved in between.
    const header = await this.#table.get(partition, headerKey(batch));
    if (header === null) return null;
    const rows = await queryAll(this.#table, partition, rangeOf(`u_${headerKey(batch).slice(2)}_`));
    return this.#assemble(address, header, new Map(rows.map((row) => [slotOfKey(row.row), row.columns])));
  }

  async readSeq(address: BatchAddress): Promise<number | null> {
    const header = await this.#table.get(partitionOf(address), headerKey(address.batch));
    return header === null ? null : parseHeader(header.columns).seq;
  }

  async save(save: BatchSave): Promise<Batch> {
    const { batch, changed } = save;
    const raw = this.#raw.get(batch);
    if (raw === undefined) throw new Error("a batch is saved that this store did not load");
    const after = new Map(
      changed.map(({ slot, enrollment }) => {
        const kept = unknownColumns(raw.rows.get(slot) ?? {}, ENROLLMENT_COLUMNS);
        return [slot, { ...kept, ...formatEnrollment(enrollment) }] as const;
      }),
    );
    const entry = this.#entry(
      save,
      batch.header,
      [...after].map(([slot, columns]) => diffColumns(slot, raw.rows.get(slot) ?? {}, columns)),
    );
    const { writes, nudgeAt, summary, sample = batch.header.sample } = save;
    const sampled = sample === undefined ? {} : { sample };
    const header: Header = { ...summary, seq: entry.seq, writes, nudgeAt, chain: entry.hash, ...sampled };
    const headerColumns = { ...unknownColumns(raw.header, HEADER_COLUMNS), ...formatHeader(header) };
    const etag = await this.#commit(batch, entry, [
      { kind: "replace", row: headerKey(batch.address.batch), columns: headerColumns, etag: batch.etag },
      ...[...after].map(([slot, columns]): EntityWrite => ({
        kind: "upsert",
        row: rowKey(batch.address.batch, slot),
        columns,
      })),
      { kind: "create", row: journalKey(batch.address.batch, entry.seq), columns: formatJournal(entry) },
    ]);
    return this.#remember(
      { address: batch.address, header, etag, rows: replaceRows(batch.rows, changed) },
      { header: headerColumns, rows: new Map([...raw.rows, ...after]) },
    );
  }

  /** A conflict is ours when the journal entry that stands there carries our commit id: the answer was lost, not the save. */
  async #commit(batch: Batch, entry: JournalEntry, writes: readonly EntityWrite[]): Promise<string> {
    const partition = partitionOf(batch.address);
    try {
      const [etag] = await this.#table.transact(partition, writes);
      if (etag !== undefined) return etag;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      const stored = await this.#table.get(partition, journalKey(batch.address.batch, entry.seq));
      if (stored === null || parseJournal(stored.columns).commitId !== entry.commitId) throw error;
    }
    const header = await this.#table.get(partition, headerKey(batch.address.batch));
    if (header === null || parseHeader(header.columns).seq !== entry.seq)
      throw new Conflict("the batch moved on after our save");
    return header.etag;
  }

  async create(batch: NewBatch): Promise<void> {
    const { address, rows, summary } = batch;
    const columns = rows.map(({ slot, enrollment }) => ({ slot, columns: formatEnrollment(enrollment) }));
    const entry = this.#entry(batch, { seq: 0, chain: GENESIS }, columns);
    const header: Header = { ...summary, seq: entry.seq, writes: 0, nudgeAt: 0, chain: entry.hash };
    try {
      await this.#table.transact(partitionOf(address), [
        { kind: "create", row: headerKey(address.batch), columns: formatHeader(header) },
        ...columns.map((row): EntityWrite => ({
          kind: "create",
          row: rowKey(address.batch, row.slot),
          columns: row.columns,
        })),
        { kind: "create", row: journalKey(address.batch, entry.seq), columns: formatJournal(entry) },
      ]);
    } catch (error) {
      // It exists: by an earlier, torn apply of the same plan, or by this call, whose answer was lost.
      if (!(error instanceof Conflict)) throw error;
    }
  }

  async listHeaders(rollout: string, wave: string, block: number): Promise<readonly HeaderOf[]> {
    const rows = await queryAll(this.#table, blockPartition(rollout, wave, block), rangeOf("h_"));
    return rows.map(({ row, columns }) => ({ rollout, wave, batch: batchOfKey(row), header: parseHeader(columns) }));
  }

  async *readJournal(address: BatchAddress): AsyncIterable<JournalEntry> {
    const range = rangeOf(`j_${headerKey(address.batch).slice(2)}_`);
    for await (const page of this.#table.pages(partitionOf(address), range.from, range.to)) {
      for (const { columns } of page) yield parseJournal(columns);
    }
  }

  #entry(
    save: Pick<BatchSave, "commitId" | "at" | "actor" | "cause">,
    before: Pick<Header, "seq" | "chain">,
    changes: JournalEntry["changes"],
  ): JournalEntry {
    const { commitId, at, actor, cause } = save;
    const entry = { seq: before.seq + 1, commitId, at, actor, cause, changes, previousHash: before.chain };
    return { ...entry, hash: this.#hash.digest(journalText(entry)) };
  }

  #assemble(address: BatchAddress, header: StoredEntity, columns: ReadonlyMap<number, Columns>): Batch {
    const rows = [...columns].map(([slot, row]): Row => ({ slot, enrollment: parseEnrollment(row) }));
    const batch = { address, header: parseHeader(header.columns), etag: header.etag, rows };
    return this.#remember(batch, { header: header.columns, rows: columns });
  }

  #remember(batch: Batch, raw: Raw): Batch {
    this.#raw.set(batch, raw);
    return batch;
  }
}

function replaceRows(rows: readonly Row[], changed: readonly Row[]): readonly Row[] {
  const bySlot = new Map(changed.map((row) => [row.slot, row]));
  return rows.map((row) => bySlot.get(row.slot) ?? row);
}
