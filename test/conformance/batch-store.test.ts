// BatchStore on memory and on Table Storage: one lock, one transaction, lost answers recognised, nothing of a newer version dropped.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GENESIS, headerKey, partitionOf, rangeOf, rowKey } from "../../shared/codec/batch-rows.ts";
import { formatEnrollment } from "../../shared/codec/enrollment-columns.ts";
import { newEnrollment } from "../../shared/domain/enrollment.ts";
import { deriveGuid } from "../../shared/domain/hash.ts";
import { summarize } from "../../shared/domain/header.ts";
import type { JournalEntry } from "../../shared/domain/journal.ts";
import { findBrokenLink, foldJournal } from "../../shared/domain/journal.ts";
import type { Batch, BatchSave, Row } from "../../shared/ports/batch-store.ts";
import { Conflict } from "../../shared/ports/errors.ts";
import type { StoredEntity } from "../../shared/ports/entity-table.ts";
import { QuickHash } from "../../shared/memory/seeded-chance.ts";
import { queryAll } from "../../shared/tables/query-all.ts";
import { TableBatchStore } from "../../shared/tables/table-batch-store.ts";
import { aPolicy, T0 } from "../support/builders.ts";
import type { TablesUnderTest } from "./table-kinds.ts";
import { KINDS } from "./table-kinds.ts";

const SIZE = 40;
let made = 0;

describe.each(KINDS)("batch store on $kind", ({ open }) => {
  let under: TablesUnderTest;
  beforeAll(async () => {
    under = await open();
  });
  afterAll(() => under.close());

  async function aBatch(): Promise<Batch> {
    made += 1;
    const address = { rollout: "pilot", wave: "first", batch: made };
    const rows = Array.from({ length: SIZE }, (_, slot): Row => ({
      slot,
      enrollment: newEnrollment(deriveGuid(`${made}/${slot}`)),
    }));
    const summary = summarize(
      rows.map(({ enrollment }) => enrollment),
      aPolicy(),
    );
    const note = { at: T0, actor: "Dana", cause: "apply", commitId: `create-${made}` };
    await under.stores.batches.create({ address, rows, summary, ...note });
    return loaded(address);
  }

  async function loaded(address: Batch["address"]): Promise<Batch> {
    const batch = await under.stores.batches.load(address);
    if (batch === null) throw new Error("no such batch");
    return batch;
  }

  function aSave(batch: Batch, attempt: number, commitId: string, slots: readonly number[] = [3, 7]): BatchSave {
    const changed = batch.rows
      .filter(({ slot }) => slots.includes(slot))
      .map(({ slot, enrollment }) => ({ slot, enrollment: { ...enrollment, attempt } }));
    const { header } = batch;
    const note = { at: T0 + attempt, actor: "worker", cause: "test", commitId };
    return { batch, changed, summary: header, writes: header.writes + 2, nudgeAt: 0, ...note };
  }

  /** A store whose reads that meet are answered in the wrong order, with somebody's save between the first and the next. */
  function interrupted(between: () => Promise<unknown>): TableBatchStore {
    const { batches } = under.tables;
    const waiting: (() => Promise<void>)[] = [];
    let isFirst = true;
    let isRunning = false;
    const run = async (): Promise<void> => {
      if (isRunning) return;
      isRunning = true;
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        await next();
        if (isFirst) await between();
        isFirst = false;
      }
      isRunning = false;
    };
    const inTurn = <T>(read: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        waiting.push(() => read().then(resolve, reject));
        // Whoever asks at the same moment has asked by then.
        queueMicrotask(() => void run());
      });
    const collect = async (pages: ReturnType<typeof batches.pages>): Promise<readonly StoredEntity[][]> => {
      const all = [];
      for await (const page of pages) all.push([...page]);
      return all;
    };
    return new TableBatchStore(
      {
        get: (partition, row) => inTurn(() => batches.get(partition, row)),
        pages: async function* (partition, from, to) {
          yield* await inTurn(() => collect(batches.pages(partition, from, to)));
        },
        transact: (partition, writes) => batches.transact(partition, writes),
      },
      new QuickHash(),
    );
  }

  async function journalOf(batch: Batch): Promise<readonly JournalEntry[]> {
    const entries: JournalEntry[] = [];
    for await (const entry of under.stores.batches.readJournal(batch.address)) entries.push(entry);
    return entries;
  }

  it("loads what was created, and nothing where nothing is", async () => {
    const batch = await aBatch();
    expect(batch.rows).toHaveLength(SIZE);
    expect(batch.rows.map(({ slot }) => slot)).toEqual(Array.from({ length: SIZE }, (_, slot) => slot));
    expect(batch.header).toMatchObject({ seq: 1, writes: 0, phases: { queued: SIZE } });
    expect(await under.stores.batches.load({ rollout: "pilot", wave: "none", batch: 1 })).toBeNull();
    expect(await under.stores.batches.readSeq({ rollout: "pilot", wave: "none", batch: 1 })).toBeNull();
  });

  it("loads with two reads, however long the journal is, and saves with one transaction", async () => {
    let batch = await aBatch();
    for (let round = 1; round <= 3; round += 1)
      batch = await under.stores.batches.save(aSave(batch, round, `b-${round}`));
    Object.assign(under.counts, { read: 0, transaction: 0 });
    batch = await loaded(batch.address);
    expect(under.counts).toEqual({ read: 2, transaction: 0 });
    await under.stores.batches.save(aSave(batch, 9, "b-9"));
    expect(under.counts).toEqual({ read: 2, transaction: 1 });
  });

  it("creates once: the same batch again changes nothing", async () => {
    const batch = await aBatch();
    const saved = await under.stores.batches.save(aSave(batch, 5, "c-1"));
    const { address, rows } = batch;
    const note = { at: T0, actor: "Dana", cause: "apply", commitId: "again" };
    await under.stores.batches.create({ address, rows, summary: batch.header, ...note });
    expect((await loaded(address)).header).toEqual(saved.header);
  });

  it("lets one of two win who loaded the same, and tells the other", async () => {
    const batch = await aBatch();
    const other = await loaded(batch.address);
    await under.stores.batches.save(aSave(batch, 2, "d-1"));
    await expect(under.stores.batches.save(aSave(other, 3, "d-2"))).rejects.toBeInstanceOf(Conflict);
    const now = await loaded(batch.address);
    expect(now.header.seq).toBe(2);
    expect(now.rows[3]?.enrollment.attempt).toBe(2);
  });

  it("invariant 10: what somebody saves while a batch is loaded is not written over by whoever loaded it", async () => {
    const batch = await aBatch();
    let saves = 0;
    const torn = interrupted(async () => {
      saves += 1;
      await under.stores.batches.save(aSave(await loaded(batch.address), 5, "theirs", [3]));
    });

    const mixed = await torn.load(batch.address);
    expect(saves).toBe(1);
    if (mixed === null) throw new Error("no such batch");
    await expect(torn.save(aSave(mixed, 9, "mine", [7]))).rejects.toThrow(Conflict);
    expect((await loaded(batch.address)).rows.map(({ enrollment }) => enrollment.attempt).filter((n) => n > 1)).toEqual(
      [5],
    );
  });

  it("saves on with what a save gave back, without loading", async () => {
    const first = await under.stores.batches.save(aSave(await aBatch(), 2, "e-1"));
    const second = await under.stores.batches.save(aSave(first, 3, "e-2"));
    expect(await loaded(first.address)).toEqual(second);
  });

  it("counts a save whose answer was lost as saved", async () => {
    const batch = await aBatch();
    const before = under.lost();
    under.loseNextAnswer();
    const saved = await under.stores.batches.save(aSave(batch, 6, "f-1"));
    expect(under.lost()).toBe(before + 1);
    expect(saved).toEqual(await loaded(batch.address));
    expect(saved.header.seq).toBe(2);
  });

  it("keeps columns that a newer version wrote, of rows and of the header", async () => {
    const { address } = await aBatch();
    const partition = partitionOf(address);
    for (const row of [headerKey(address.batch), rowKey(address.batch, 3)]) {
      const entity = await under.tables.batches.get(partition, row);
      if (entity === null) throw new Error("no such row");
      const columns = { ...entity.columns, fromLater: "kept" };
      await under.tables.batches.transact(partition, [{ kind: "replace", row, columns, etag: entity.etag }]);
    }
    await under.stores.batches.save(aSave(await loaded(address), 2, "g-1"));
    for (const row of [headerKey(address.batch), rowKey(address.batch, 3)]) {
      expect((await under.tables.batches.get(partition, row))?.columns["fromLater"]).toBe("kept");
    }
  });

  it("invariant 10: the journal's values fold to the stored rows, and its chain holds", async () => {
    let batch = await aBatch();
    for (let round = 1; round <= 4; round += 1) {
      batch = await under.stores.batches.save(aSave(batch, round + 1, `h-${round}`, [round, round + 1]));
    }
    const entries = await journalOf(batch);
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(findBrokenLink(entries, GENESIS)).toBeNull();
    expect(entries.at(-1)?.hash).toBe(batch.header.chain);
    const folded = foldJournal(entries);
    for (const { slot, enrollment } of batch.rows) expect(folded.get(slot)).toEqual(formatEnrollment(enrollment));
  });

  it("lists the headers of one block alone, by batch, with one read", async () => {
    const batch = await aBatch();
    const other = { ...batch.address, batch: 600 };
    const note = { at: T0, actor: "Dana", cause: "apply", commitId: "far" };
    await under.stores.batches.create({ address: other, rows: batch.rows, summary: batch.header, ...note });
    under.counts.read = 0;
    const headers = await under.stores.batches.listHeaders("pilot", "first", 1);
    expect(headers.map((header) => header.batch)).toEqual([600]);
    expect(under.counts.read).toBe(1);
    expect((await under.stores.batches.listHeaders("pilot", "first", 0)).length).toBeGreaterThan(1);
  });

  it("a prefix's range ends where the next prefix begins", async () => {
    const rows = ["h_00001", "h_99999", "i", "g", "h"].map(
      (row) => ({ kind: "create", row, columns: { v: 1 } }) as const,
    );
    await under.tables.batches.transact("range", rows);
    const found = await queryAll(under.tables.batches, "range", rangeOf("h_"));
    expect(found.map(({ row }) => row)).toEqual(["h_00001", "h_99999"]);
  });
});
