// What the tables' journal promises: acknowledged is durable, a transaction is whole, a torn end is no harm, damage is told.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TransactionAction } from "@azure/data-tables";
import { TableClient } from "@azure/data-tables";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Tables, TablesOptions } from "../../../apps/local/tables/tables.ts";
import { startTables } from "../../../apps/local/tables/tables.ts";
import { until } from "../until.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "journal-test-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const journal = (): string => join(dataDir, "tables.log");

async function start(more: Partial<TablesOptions> = {}): Promise<{ tables: Tables; client: TableClient }> {
  const tables = await startTables({ dataDir, port: 0, ...more });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await tables.close();
    isOpen = false;
  };
  onTestFinished(close);
  const retryOptions = { maxRetries: 0 };
  const client = TableClient.fromConnectionString(tables.connectionString, "rows", {
    allowInsecureConnection: true,
    retryOptions,
  });
  return { tables: { ...tables, close }, client };
}

async function rowsOf(client: TableClient): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {};
  for await (const { partitionKey, rowKey, n } of client.listEntities()) rows[`${partitionKey}/${rowKey}`] = n;
  return rows;
}

const put = (rowKey: string, n: number): TransactionAction => ["upsert", { partitionKey: "p", rowKey, n }, "Replace"];

describe("the journal of the tables", () => {
  it("keeps inserts, merges, replacements, deletions, tables, and the etags", async () => {
    const { tables, client } = await start();
    await client.createTable();
    await client.createEntity({ partitionKey: "p", rowKey: "a", n: 1, kept: "x" });
    await client.createEntity({ partitionKey: "p", rowKey: "b", n: 1, when: new Date(5), big: 2n ** 40n });
    await client.updateEntity({ partitionKey: "p", rowKey: "a", n: 2 }, "Merge");
    await client.createEntity({ partitionKey: "p", rowKey: "c", n: 1 });
    await client.deleteEntity("p", "c");
    const other = TableClient.fromConnectionString(tables.connectionString, "gone", { allowInsecureConnection: true });
    await other.createTable();
    await other.createEntity({ partitionKey: "p", rowKey: "r" });
    await other.deleteTable();
    const before = [await client.getEntity("p", "a"), await client.getEntity("p", "b")];
    await tables.close();

    const again = await start();

    const after = [await again.client.getEntity("p", "a"), await again.client.getEntity("p", "b")];
    expect(after).toEqual(
      before.map((row) => ({ ...row, "odata.metadata": expect.stringContaining("rows") as unknown })),
    );
    expect(after[0]).toMatchObject({ n: 2, kept: "x" });
    expect(await rowsOf(again.client)).toEqual({ "p/a": 2, "p/b": 1 });
    const etag = before[0]?.etag ?? "";
    await again.client.updateEntity({ partitionKey: "p", rowKey: "a", n: 3 }, "Replace", { etag });
    const gone = TableClient.fromConnectionString(again.tables.connectionString, "gone", {
      allowInsecureConnection: true,
    });
    await expect(gone.getEntity("p", "r")).rejects.toMatchObject({ statusCode: 404 });
  });

  it("keeps nothing of a transaction that was refused", async () => {
    const { tables, client } = await start();
    await client.createTable();
    await client.submitTransaction([put("a", 1), put("b", 1)]);
    const clash: TransactionAction = ["create", { partitionKey: "p", rowKey: "a", n: 9 }];
    await expect(client.submitTransaction([put("b", 2), put("c", 2), clash])).rejects.toMatchObject({
      statusCode: 409,
    });
    await tables.close();

    const { client: again } = await start();

    expect(await rowsOf(again)).toEqual({ "p/a": 1, "p/b": 1 });
  });

  it("goes on after a torn last record, says so, and keeps what is before it", async () => {
    const { tables, client } = await start();
    await client.createTable();
    await client.createEntity({ partitionKey: "p", rowKey: "a", n: 1 });
    await tables.close();
    const whole = statSync(journal()).size;
    appendFileSync(journal(), readFileSync(journal()).subarray(0, 30));
    const said: string[] = [];

    const { client: again } = await start({ log: (line) => said.push(line) });

    expect(await rowsOf(again)).toEqual({ "p/a": 1 });
    expect(said.join()).toMatch(/the last record was torn; its 30 bytes .* were cut off/);
    expect(statSync(journal()).size).toBeLessThanOrEqual(whole);
  });

  it("refuses a journal that is damaged in its middle, and touches nothing", async () => {
    const { tables, client } = await start();
    await client.createTable();
    for (let n = 0; n < 5; n++) await client.createEntity({ partitionKey: "p", rowKey: String(n), n });
    await tables.close();
    const bytes = readFileSync(journal());
    bytes.writeUInt8(bytes.readUInt8(150) ^ 1, 150);
    writeFileSync(journal(), bytes);

    await expect(startTables({ dataDir, port: 0 })).rejects.toThrow(
      /tables\.log: The table server's log is damaged at byte \d+: .* Restore the file from a copy, or move it away/,
    );
    expect(readFileSync(journal()).equals(bytes)).toBe(true);
  });

  it(
    "is compacted while it runs: a thousand changes of a row are not a thousand rows",
    { timeout: 60_000 },
    async () => {
      const { tables, client } = await start();
      await client.createTable();
      const text = "x".repeat(20_000);
      for (let n = 0; n < 150; n++)
        await client.upsertEntity({ partitionKey: "p", rowKey: "a", n, text, more: text }, "Replace");
      expect(statSync(journal()).size).toBeLessThan(1_500_000);
      await tables.close();

      const { client: again } = await start();

      expect(await rowsOf(again)).toEqual({ "p/a": 149 });
    },
  );

  it("acknowledges nothing once the disk is full, and has everything that it acknowledged before", async () => {
    let isFull = false;
    const broken: Error[] = [];
    const full = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    const { tables, client } = await start({
      failWrite: () => (isFull ? full : null),
      onBroken: (error) => broken.push(error),
    });
    await client.createTable();
    await client.createEntity({ partitionKey: "p", rowKey: "a", n: 1 });
    isFull = true;

    await expect(client.createEntity({ partitionKey: "p", rowKey: "b", n: 1 })).rejects.toThrow();
    await expect(client.getEntity("p", "b"), "a row that is not on the disk is not shown").rejects.toThrow();
    await until(
      "the journal's end is told",
      () => broken[0],
      (error) => error === full,
    );
    await tables.close();
    const { client: again } = await start();
    expect(await rowsOf(again)).toEqual({ "p/a": 1 });
  });

  it("reads the file of a build that had no journal, once", async () => {
    const old = {
      collections: [
        { name: "$TABLES_COLLECTION$", data: [{ account: "devstoreaccount1", table: "rows", $loki: 1, meta: {} }] },
        {
          name: "devstoreaccount1$rows",
          data: [
            {
              PartitionKey: "p",
              RowKey: "a",
              properties: { n: 7, Timestamp: "2026-01-01T00:00:00.0000000Z", "Timestamp@odata.type": "Edm.DateTime" },
              lastModifiedTime: "2026-01-01T00:00:00.0000000Z",
              eTag: "W/\"datetime'2026-01-01T00%3A00%3A00.0000000Z'\"",
              $loki: 1,
              meta: {},
            },
          ],
        },
      ],
    };
    writeFileSync(join(dataDir, "tables.json"), JSON.stringify(old));
    const { tables, client } = await start();
    expect(await rowsOf(client)).toEqual({ "p/a": 7 });
    await client.upsertEntity({ partitionKey: "p", rowKey: "a", n: 8 }, "Merge");
    await tables.close();

    const { client: again } = await start();

    expect(await rowsOf(again)).toEqual({ "p/a": 8 });
  });

  it("refuses Azurite's old file when it cannot be read", async () => {
    writeFileSync(join(dataDir, "tables.json"), "{");

    await expect(startTables({ dataDir, port: 0 })).rejects.toThrow(/tables\.json: Azurite's file cannot be read/);
  });
});
