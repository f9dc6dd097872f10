// The table server's process, ended with SIGKILL under load: nothing that it acknowledged is gone, no transaction is half there.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SupervisedChild } from "../../../apps/local/supervisor/child-process.ts";
import type { BuiltChildren } from "../supervisor/built-children.ts";
import { buildChildren } from "../supervisor/built-children.ts";

let children: BuiltChildren;
beforeAll(async () => {
  children = await buildChildren();
});
afterAll(() => children.remove());

const WRITERS = 6;

interface Writer {
  acknowledged: number;
  asked: number;
}

async function startServer(dataDir: string): Promise<{ child: SupervisedChild; client: TableClient }> {
  const ignore = (): void => undefined;
  const child = new SupervisedChild(
    {
      entry: children.tables,
      role: "tables",
      environment: process.env,
      onLine: ignore,
      onHint: ignore,
      onDeath: ignore,
    },
    { seq: () => 0, offset: () => 0, settings: { dataDir, port: 0 } },
  );
  const { info } = await child.ready;
  const client = TableClient.fromConnectionString(info["connectionString"] ?? "", "rows", {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  return { child, client };
}

/** Counts up, in transactions of two rows and every third time in a single write, until the server is gone. */
async function write(client: TableClient, partitionKey: string, writer: Writer): Promise<void> {
  for (;;) {
    const n = ++writer.asked;
    const row = (rowKey: string): { partitionKey: string; rowKey: string; n: number } => ({ partitionKey, rowKey, n });
    try {
      if (n % 3 === 0) await client.upsertEntity(row("single"), "Merge");
      else
        await client.submitTransaction([
          ["upsert", row("left"), "Replace"],
          ["upsert", row("right"), "Merge"],
        ]);
    } catch {
      return; // the server is gone; what this write did is not known
    }
    writer.acknowledged = n;
  }
}

it.each([1, 2, 3])("killed under load, for the %i. time", { timeout: 60_000 }, async (round) => {
  const dataDir = mkdtempSync(join(tmpdir(), "tables-killed-"));
  try {
    const { child, client } = await startServer(dataDir);
    await client.createTable();
    const writers = Array.from({ length: WRITERS }, () => ({ acknowledged: 0, asked: 0 }));
    const all = Promise.all(writers.map((writer, index) => write(client, `p${index}`, writer)));
    const timer = setInterval(() => {
      if (writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0) > 60 * round) child.kill();
    }, 1);
    await all;
    clearInterval(timer);

    const again = await startServer(dataDir);
    for (const [index, { acknowledged, asked }] of writers.entries()) {
      expect(acknowledged, "each writer has written").toBeGreaterThan(1);
      const rows: Record<string, number> = {};
      for await (const row of again.client.listEntities<{ n: number }>({
        queryOptions: { filter: `PartitionKey eq 'p${index}'` },
      }))
        rows[row.rowKey ?? ""] = row.n;
      expect(rows["left"]).toBe(rows["right"]);
      const highest = Math.max(rows["left"] ?? 0, rows["single"] ?? 0);
      expect(highest).toBeGreaterThanOrEqual(acknowledged);
      expect(highest).toBeLessThanOrEqual(asked);
    }
    again.child.kill();
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
