// All stores of one tenant on one set of tables.
import type { Hash } from "../ports/chance.ts";
import type { Tables } from "../ports/entity-table.ts";
import { TableBatchStore } from "./table-batch-store.ts";
import { TableDeadLetterStore } from "./table-dead-letter-store.ts";
import { TablePeopleStore, TableSnapshotStore, TableUserIndex } from "./table-people-stores.ts";
import { TableControlStore, TableRolloutStore } from "./table-stores.ts";

export interface TableStores {
  readonly batches: TableBatchStore;
  readonly rollouts: TableRolloutStore;
  readonly control: TableControlStore;
  readonly users: TableUserIndex;
  readonly people: TablePeopleStore;
  readonly snapshots: TableSnapshotStore;
  readonly deadLetters: TableDeadLetterStore;
}

/** @param options.tenant first part of the keys of tenant-wide rows */
export function createStores(tables: Tables, options: { readonly tenant: string; readonly hash: Hash }): TableStores {
  const { tenant, hash } = options;
  return {
    batches: new TableBatchStore(tables.batches, hash),
    rollouts: new TableRolloutStore(tables.rollouts),
    control: new TableControlStore(tables.control, tenant),
    users: new TableUserIndex(tables.users, tenant),
    people: new TablePeopleStore(tables.people, tenant),
    snapshots: new TableSnapshotStore(tables.snapshots, tenant),
    deadLetters: new TableDeadLetterStore(tables.deadletters, hash),
  };
}
