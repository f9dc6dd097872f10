// The table server that the supervisor starts, in this process.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTables } from "../../../apps/local/tables/tables.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "tables-test-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const connect = (connectionString: string): TableClient =>
  TableClient.fromConnectionString(connectionString, "rows", { allowInsecureConnection: true });

describe("the table server", () => {
  it("keeps a row over a close and a start in the same folder", async () => {
    const first = await startTables({ dataDir, port: 0 });
    const client = connect(first.connectionString);
    await client.createTable();
    await client.createEntity({ partitionKey: "p", rowKey: "r", text: "kept" });
    await first.close();

    const again = await startTables({ dataDir, port: 0 });

    expect(await connect(again.connectionString).getEntity("p", "r")).toMatchObject({ text: "kept" });
    await again.close();
  });

  it("says that its port is in use", async () => {
    const first = await startTables({ dataDir: null, port: 0 });

    await expect(startTables({ dataDir: null, port: first.port })).rejects.toThrow(
      `port ${String(first.port)}: is in use by another program.`,
    );
    await first.close();
  });
});
