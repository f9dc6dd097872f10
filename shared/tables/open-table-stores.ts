// All stores on Azure's Table Storage. The SDK is loaded only when somebody opens them: a cold start pays for what it uses.
import type { OpenTablesOptions } from "../azure/azure-tables.ts";
import type { Hash } from "../ports/chance.ts";
import type { TableStores } from "./create-stores.ts";
import { createStores } from "./create-stores.ts";

export interface OpenStoresOptions extends OpenTablesOptions {
  readonly tenant: string;
  readonly hash: Hash;
}

export async function openTableStores(
  options: OpenStoresOptions,
): Promise<TableStores & { ensureTables(): Promise<void> }> {
  const { openTables } = await import("../azure/azure-tables.ts");
  const opened = await openTables(options);
  return { ...createStores(opened.tables, options), ensureTables: () => opened.ensureTables() };
}
