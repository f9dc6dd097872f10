// What a table does to a row, without a table: Azure's limits, then a journey through text.
import { measureEntity } from "../../../shared/codec/entity-limits.ts";
import { parseColumns } from "../../../shared/codec/stored-columns.ts";
import type { Columns } from "../../../shared/domain/journal.ts";

/** The columns as they come back. A row that Azure would refuse stops the test here. */
export function throughTable(columns: Columns): Columns {
  measureEntity("partition", "row", columns);
  return parseColumns(JSON.stringify(columns));
}

/** The generator makes objects without a prototype, the codec plain ones: a strict comparison sees the difference. */
export function plain<T>(value: T): T {
  return structuredClone(value);
}
