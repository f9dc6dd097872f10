// All rows of a range, for ranges that are known to be short.
import type { EntityTable, StoredEntity } from "../ports/entity-table.ts";

/** Operations of one transaction. Source: Microsoft Learn, "Performing entity group transactions". */
export const TRANSACTION_MAX = 100;

export async function queryAll(
  table: EntityTable,
  partition: string,
  range: { readonly from: string; readonly to: string },
): Promise<StoredEntity[]> {
  const found: StoredEntity[] = [];
  for await (const page of table.pages(partition, range.from, range.to)) found.push(...page);
  return found;
}
