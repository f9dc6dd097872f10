// Table `batches`: header, enrollments, journal. Written by every save, whoever makes it.
// Adapters: azure/table-batch-store, memory/batch-store; suite: test/conformance/batch-store.
import type { Enrollment } from "../domain/enrollment.ts";
import type { Header, Summary } from "../domain/header.ts";
import type { Instant } from "../domain/instant.ts";
import type { JournalEntry } from "../domain/journal.ts";
import type { BatchAddress, RolloutId, WaveId } from "../domain/names.ts";
import type { Sample } from "../domain/sample.ts";

/** Opaque to all but the adapter that made it. */
export type ETag = string;

export interface Row {
  readonly slot: number;
  readonly enrollment: Enrollment;
}

export interface Batch {
  readonly address: BatchAddress;
  readonly header: Header;
  readonly etag: ETag;
  /** By slot, ascending. */
  readonly rows: readonly Row[];
}

export interface BatchSave {
  readonly batch: Batch;
  readonly changed: readonly Row[];
  /** Of all rows after the change. */
  readonly summary: Summary;
  readonly writes: number;
  readonly nudgeAt: Instant;
  /** In place of the header's. */
  readonly sample?: Sample;
  readonly at: Instant;
  /** `worker`, `planner`, a person's name. */
  readonly actor: string;
  readonly cause: string;
  /** Fresh and random for each save: a lost answer is recognised by it. */
  readonly commitId: string;
}

export interface NewBatch {
  readonly address: BatchAddress;
  readonly rows: readonly Row[];
  readonly summary: Summary;
  readonly at: Instant;
  readonly actor: string;
  readonly cause: string;
  readonly commitId: string;
}

export interface HeaderOf extends BatchAddress {
  readonly header: Header;
}

export interface BatchStore {
  /**
   * Header by point read and one range of at most 40 rows: two reads, however long the journal is.
   *
   * @returns `null` when there is no such batch
   * @throws Unavailable
   */
  load(address: BatchAddress): Promise<Batch | null>;
  /** One point read: has the batch moved since it was loaded? `null` when there is none. @throws Unavailable */
  readSeq(address: BatchAddress): Promise<number | null>;
  /**
   * One transaction: header (`If-Match`), changed rows, journal entry `seq + 1`. Columns of a newer version are kept.
   * An answer that was lost and met again is recognised by the commit id and counts as saved.
   *
   * @returns the batch as it stands now, with its new ETag
   * @throws Conflict when somebody else saved first · Unavailable
   */
  save(save: BatchSave): Promise<Batch>;
  /** Creates a batch with journal entry 1, or does nothing when it exists (a torn apply goes on). @throws Unavailable */
  create(batch: NewBatch): Promise<void>;
  /** All headers of one block, by batch: the due index. One query. @throws Unavailable */
  listHeaders(rollout: RolloutId, wave: WaveId, block: number): Promise<readonly HeaderOf[]>;
  /** The journal of one batch, oldest first, page by page. Never on a timer's path. @throws Unavailable */
  readJournal(address: BatchAddress): AsyncIterable<JournalEntry>;
}
