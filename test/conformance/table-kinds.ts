// The two kinds of tables that the stores must not be able to tell apart: in memory, and Azurite's over HTTP through a proxy that can
// lose an answer.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTables } from "../../apps/local/tables/tables.ts";
import { openTables } from "../../shared/azure/azure-tables.ts";
import { MemoryFaults } from "../../shared/memory/memory-faults.ts";
import { createMemoryTables } from "../../shared/memory/memory-tables.ts";
import { QuickHash, SeededRandom } from "../../shared/memory/seeded-chance.ts";
import type { Tables } from "../../shared/ports/entity-table.ts";
import type { TableStores } from "../../shared/tables/create-stores.ts";
import { createStores } from "../../shared/tables/create-stores.ts";
import { startLossyProxy } from "../support/lossy-proxy.ts";

export interface TablesUnderTest {
  readonly tables: Tables;
  readonly stores: TableStores;
  readonly counts: { read: number; transaction: number };
  /** The next write is carried out, and its answer lost. */
  loseNextAnswer(): void;
  /** How often an answer was lost. */
  lost(): number;
  close(): Promise<void>;
}

const TENANT = "44444444-0000-4000-8000-000000000001";

export const KINDS = [
  { kind: "memory", open: openMemory },
  { kind: "Table Storage", open: openAzurite },
] as const;

async function openMemory(): Promise<TablesUnderTest> {
  const faults = new MemoryFaults(new SeededRandom(1));
  const counts = { read: 0, transaction: 0 };
  const tables = createMemoryTables({
    faults,
    count: (kind) => {
      counts[kind] += 1;
    },
  });
  return {
    tables,
    stores: createStores(tables, { tenant: TENANT, hash: new QuickHash() }),
    counts,
    loseNextAnswer: () => faults.arm("conflict-after-commit"),
    lost: () => faults.struck("conflict-after-commit"),
    close: async () => undefined,
  };
}

async function openAzurite(): Promise<TablesUnderTest> {
  const dataDir = mkdtempSync(join(tmpdir(), "conformance-tables-")); // with its journal, as it is run
  const azurite = await startTables({ dataDir, port: 0 });
  const proxy = await startLossyProxy(azurite.port);
  const counts = { read: 0, transaction: 0 };
  const text = azurite.connectionString.replace(`:${azurite.port}/`, `:${proxy.port}/`);
  const opened = await openTables({
    connection: { kind: "connection-string", text },
    count: (kind) => {
      counts[kind] += 1;
    },
  });
  await opened.ensureTables();
  const { tables } = opened;
  return {
    tables,
    stores: createStores(tables, { tenant: TENANT, hash: new QuickHash() }),
    counts,
    loseNextAnswer: () => proxy.loseNextAnswer(),
    lost: () => proxy.lost(),
    close: async () => {
      await proxy.close();
      await azurite.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
