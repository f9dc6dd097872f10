// A load is two requests, and a save may fall between them: what is loaded must never be saved over that.
import { describe, expect, it } from "vitest";
import { newEnrollment } from "../../../shared/domain/enrollment.ts";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import { summarize } from "../../../shared/domain/header.ts";
import { createMemoryTables } from "../../../shared/memory/memory-tables.ts";
import { QuickHash } from "../../../shared/memory/seeded-chance.ts";
import type { Batch, BatchSave } from "../../../shared/ports/batch-store.ts";
import type { EntityTable } from "../../../shared/ports/entity-table.ts";
import { Conflict } from "../../../shared/ports/errors.ts";
import { TableBatchStore } from "../../../shared/tables/table-batch-store.ts";
import { aPolicy, T0 } from "../../support/builders.ts";

const ADDRESS = { rollout: "pilot", wave: "first", batch: 0 };

/** Each range is answered with what stood there when it was asked; point reads wait until `before` is done. */
function slowPointReads(table: EntityTable, before: () => Promise<void>): EntityTable {
  return {
    get: async (partition, row) => {
      await before();
      return table.get(partition, row);
    },
    pages: (partition, from, to) => table.pages(partition, from, to),
    transact: (partition, writes) => table.transact(partition, writes),
  };
}

function aSave(batch: Batch, attempt: number): BatchSave {
  const changed = batch.rows.map(({ slot, enrollment }) => ({ slot, enrollment: { ...enrollment, attempt } }));
  const note = { at: T0, actor: "worker", cause: "test", commitId: `attempt ${String(attempt)}` };
  return { batch, changed, summary: batch.header, writes: 0, nudgeAt: 0, ...note };
}

async function loaded(store: TableBatchStore): Promise<Batch> {
  const batch = await store.load(ADDRESS);
  if (batch === null) throw new Error("no such batch");
  return batch;
}

describe("a load that a save falls into", () => {
  it("invariant 5: never gives old rows under the new header, under which they could be saved", async () => {
    const table = createMemoryTables().batches;
    const other = new TableBatchStore(table, new QuickHash());
    const rows = [{ slot: 0, enrollment: newEnrollment(deriveGuid("ada")) }];
    const summary = summarize([newEnrollment(deriveGuid("ada"))], aPolicy());
    await other.create({ address: ADDRESS, rows, summary, at: T0, actor: "Dana", cause: "apply", commitId: "new" });
    let saves = 0;
    const store = new TableBatchStore(
      slowPointReads(table, async () => {
        if (saves++ === 0) await other.save(aSave(await loaded(other), 2));
      }),
      new QuickHash(),
    );

    const batch = await loaded(store);

    const isOld = batch.rows[0]?.enrollment.attempt === 1;
    const saved = await store.save(aSave(batch, 7)).catch((error: unknown) => error);
    expect(isOld && !(saved instanceof Conflict), "old rows were saved over newer ones").toBe(false);
  });
});
