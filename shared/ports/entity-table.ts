// One table, as the stores of shared/tables need it. Adapters: azure/azure-tables, memory/memory-tables. One set of stores stands on
// both, so that what is written is the same to the byte.
import type { Columns } from "../domain/journal.ts";
import type { ETag } from "./batch-store.ts";

export interface StoredEntity {
  readonly row: string;
  readonly columns: Columns;
  readonly etag: ETag;
}

export type EntityWrite =
  | { readonly kind: "create" | "upsert"; readonly row: string; readonly columns: Columns }
  | { readonly kind: "replace"; readonly row: string; readonly columns: Columns; readonly etag: ETag };

export interface EntityTable {
  /** One point read. @throws Unavailable */
  get(partition: string, row: string): Promise<StoredEntity | null>;
  /** Rows from `from` up to, but without, `to`, page by page; pages may be empty. @throws Unavailable */
  pages(partition: string, from: string, to: string): AsyncIterable<readonly StoredEntity[]>;
  /**
   * All or nothing: at most 100 writes of one partition, each row once.
   *
   * @returns the new ETags, in order
   * @throws Conflict when a row to create exists or one to replace has another ETag: also after an own write whose answer was lost
   * · Unavailable
   */
  transact(partition: string, writes: readonly EntityWrite[]): Promise<readonly ETag[]>;
}

export interface Tables {
  readonly rollouts: EntityTable;
  readonly batches: EntityTable;
  readonly users: EntityTable;
  readonly people: EntityTable;
  readonly control: EntityTable;
  readonly snapshots: EntityTable;
  readonly deadletters: EntityTable;
}

/** One table of each name. */
export function tablesFrom(make: (name: keyof Tables) => EntityTable): Tables {
  return {
    rollouts: make("rollouts"),
    batches: make("batches"),
    users: make("users"),
    people: make("people"),
    control: make("control"),
    snapshots: make("snapshots"),
    deadletters: make("deadletters"),
  };
}
