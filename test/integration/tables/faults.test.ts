// Each fault of the table server as the client sees it, and what it left in the tables.
import { TableClient } from "@azure/data-tables";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { TableFaults } from "../../../apps/local/tables/table-faults.ts";
import type { TableFaultName } from "../../../apps/local/tables/table-faults.ts";
import { startTables } from "../../../apps/local/tables/tables.ts";
import { until } from "../until.ts";

let faults: TableFaults;
let client: TableClient;

const row = (rowKey: string, n = 0): { partitionKey: string; rowKey: string; n: number } => ({
  partitionKey: "p",
  rowKey,
  n,
});
const always = (name: TableFaultName): void => faults.set([{ name, rate: 1 }]);
async function valueOf(rowKey: string): Promise<unknown> {
  faults.set([]);
  const found = await client.getEntity("p", rowKey).catch(() => null);
  return found?.["n"];
}

beforeEach(async () => {
  faults = new TableFaults([], 7);
  const tables = await startTables({ dataDir: null, port: 0, faults });
  onTestFinished(() => tables.close());
  client = TableClient.fromConnectionString(tables.connectionString, "rows", {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  await client.createTable();
  await client.createEntity(row("a"));
});

describe("a fault of the table server", () => {
  it("table-busy: 503, nothing was done", async () => {
    always("table-busy");

    const refused = { statusCode: 503, details: { odataError: { code: "ServerBusy" } } };
    await expect(client.createEntity(row("b"))).rejects.toMatchObject(refused);
    await expect(client.getEntity("p", "a")).rejects.toMatchObject(refused);
    expect(await valueOf("b")).toBeUndefined();
    expect(faults.happened()).toEqual({ "table-busy": 2 });
  });

  it("table-exists: an insert is done, and answered as a second try is", async () => {
    always("table-exists");

    await expect(client.createEntity(row("b", 1))).rejects.toMatchObject({
      statusCode: 409,
      details: { odataError: { code: "EntityAlreadyExists" } },
    });
    await expect(client.submitTransaction([["create", row("c", 1)]])).rejects.toMatchObject({
      statusCode: 409,
      code: "EntityAlreadyExists",
    });
    await client.updateEntity(row("a", 1), "Merge");
    expect([await valueOf("a"), await valueOf("b"), await valueOf("c")]).toEqual([1, 1, 1]);
    expect(faults.happened()).toEqual({ "table-exists": 2 });
  });

  it("table-changed: a write with an etag is answered 412, and was done or not", async () => {
    always("table-changed");
    const seen = new Set<unknown>();

    for (let n = 1; n <= 20; n++) {
      const { etag } = await client.getEntity("p", "a");
      const before = await valueOf("a");
      always("table-changed");
      await expect(client.updateEntity(row("a", n), "Merge", { etag })).rejects.toMatchObject({
        statusCode: 412,
        details: { odataError: { code: "UpdateConditionNotSatisfied" } },
      });
      const after = await valueOf("a");
      expect([before, n]).toContain(after);
      seen.add(after === n);
      always("table-changed");
    }

    expect([...seen].sort()).toEqual([false, true]);
    await expect(client.submitTransaction([["update", row("a", 99), "Merge"]])).rejects.toMatchObject({
      statusCode: 412,
    });
    expect(await valueOf("a")).toBe(99);
  });

  it("table-lost-answer: a write is done, the connection breaks; a read is answered", async () => {
    always("table-lost-answer");

    await client.getEntity("p", "a");
    await expect(client.createEntity(row("b", 1))).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await valueOf("b")).toBe(1);
  });

  it("table-outage: nothing is answered for some seconds, then everything is", async () => {
    faults.set([{ name: "table-outage", rate: 1 }]);
    await expect(client.getEntity("p", "a")).rejects.toMatchObject({ code: "ECONNRESET" });

    faults = new TableFaults([], 7);
    faults.set([{ name: "table-outage", rate: 0.3 }]);
    const outage = faults;
    const request = { method: "GET", headers: {} };
    await until(
      "an outage",
      () => outage.draw(request),
      (fault) => fault !== null,
    );
    expect(outage.draw(request), "the next request meets it, too").toEqual({ name: "table-outage", isDone: false });
    outage.set([]);
    expect(outage.draw(request), "switched off, it ends").toBeNull();
  });

  it("a request that is refused anyway is answered as it is", async () => {
    always("table-exists");

    await expect(client.createEntity(row("a"))).rejects.toMatchObject({ statusCode: 409 });
    await expect(client.submitTransaction([["create", row("a")]])).rejects.toMatchObject({ statusCode: 409 });
    expect(faults.happened()).toEqual({});
  });

  it("the same seed and requests give the same faults", () => {
    const draws = (): unknown[] => {
      const seeded = new TableFaults([{ name: "table-busy", rate: 0.3 }], 3);
      return Array.from({ length: 50 }, () => seeded.draw({ method: "GET", headers: {} })?.name ?? "none");
    };

    expect(draws()).toEqual(draws());
    expect(new Set(draws()).size).toBe(2);
  });
});
