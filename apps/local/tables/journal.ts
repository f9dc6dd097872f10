// Makes Azurite's tables durable. Azurite writes its file every five seconds and answers long before; a SIGKILL would lose what was
// acknowledged. Here each change of a document in its store goes to an append log, and no answer, of a write or of a read that
// could show it, leaves before it is on the disk. docs/decisions/0007-table-journal.md says why so.
import { existsSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { AppendLog } from "../durable/append-log.ts";
import { openLog } from "../durable/append-log.ts";
import type { Collection, Doc, MetadataStore } from "./azurite.ts";
import type { Docs, TableRecord } from "./table-log.ts";
import { applyTo, recordsOf, tableCodec } from "./table-log.ts";

export interface Journal {
  /** Resolves when everything that an answer could tell by now is durable; null: it is already. */
  barrier(): Promise<void> | null;
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly path: string;
  readonly log: (line: string) => void;
  /** Fault hook: the error that the next write meets, if any. */
  readonly failWrite: () => Error | null;
}

// What LokiJS keeps about a document, and makes anew.
const OWN_KEYS = new Set(["$loki", "meta"]);

/** Call it while the store is empty and before the server listens. */
export async function openJournal(store: MetadataStore, { path, log, failWrite }: JournalOptions): Promise<Journal> {
  const journal = new StoreJournal(store);
  const old = join(dirname(path), "tables.json");
  const isOld = !existsSync(path) && existsSync(old);
  if (isOld) for (const { name, data } of readAzuriteFile(old)) journal.adopt(name, data);
  const opened = await openLog<TableRecord>({
    path,
    owner: "table server",
    without: "with empty tables",
    codec: tableCodec,
    state: journal,
    whenDurable: () => undefined,
    log,
    failWrite,
  });
  if (isOld) renameSync(old, `${old}.imported`);
  journal.begin(opened);
  return journal;
}

class StoreJournal implements Journal {
  readonly #recovered: Docs = new Map();
  readonly #store: MetadataStore;
  #log: AppendLog<TableRecord> | null = null;
  /** Changes of this turn, by collection and key: of two to the same document the later one counts. */
  #pending = new Map<string, TableRecord>();
  /** Changes of the transaction that is under way: all or none of them. */
  #transaction: Map<string, TableRecord> | null = null;
  readonly #sizes = { records: 1, bytes: 100 };

  constructor(store: MetadataStore) {
    this.#store = store;
  }

  apply(record: TableRecord): void {
    applyTo(this.#recovered, record);
  }

  /** Of a folder without a journal. */
  adopt(name: string, data: readonly Doc[]): void {
    for (const doc of data) this.apply({ k: "put", c: name, key: this.#keyOf(name, doc), doc: bare(doc) });
  }

  snapshot(): Iterable<TableRecord> {
    if (this.#log === null) return recordsOf([...this.#recovered].map(([name, docs]) => [name, docs] as const));
    // The store goes on changing while this is written; it replaces documents and never changes one.
    const copies = this.#store.db.collections.map(({ name, data }) => [name, [...data]] as const);
    return recordsOf(copies.map(([name, data]) => [name, data.map((doc) => [this.#keyOf(name, doc), bare(doc)])]));
  }

  /** Estimated from the records seen: exact enough to decide when a compaction pays. */
  liveBytes(): number {
    if (this.#transaction !== null) return Infinity;
    const count =
      this.#log === null
        ? [...this.#recovered.values()].reduce((sum, docs) => sum + docs.size, 0)
        : this.#store.db.collections.reduce((sum, { data }) => sum + data.length, 0);
    return (count + 1) * (this.#sizes.bytes / this.#sizes.records);
  }

  /** Fills the store from what was recovered, and listens to it from then on. */
  begin(log: AppendLog<TableRecord>): void {
    const { db, TABLES_COLLECTION } = this.#store;
    for (const table of this.#recovered.get(TABLES_COLLECTION)?.values() ?? [])
      this.#store.createCollectionForTable(table);
    for (const [name, docs] of this.#recovered) {
      const collection = db.getCollection(name);
      if (collection !== null && docs.size > 0) collection.insert([...docs.values()]);
    }
    this.#recovered.clear();
    this.#log = log;
    for (const collection of db.collections) this.#listen(collection);
    this.#followCollections();
    this.#followTransactions();
  }

  barrier(): Promise<void> | null {
    this.#drain();
    if (this.#log === null) throw new Error("the journal has not begun");
    return this.#log.isSettled ? null : this.#log.settled();
  }

  async close(): Promise<void> {
    this.#drain();
    await this.#log?.close();
  }

  #listen(collection: Collection): void {
    const { name } = collection;
    const put = (doc: Doc): void => {
      this.#changed({ k: "put", c: name, key: this.#keyOf(name, doc), doc: bare(doc) });
    };
    collection.on("insert", put);
    collection.on("update", put);
    collection.on("delete", (doc) => this.#changed({ k: "del", c: name, key: this.#keyOf(name, doc) }));
  }

  #followCollections(): void {
    const { db } = this.#store;
    const add = db.addCollection.bind(db);
    const remove = db.removeCollection.bind(db);
    db.addCollection = (name, options) => {
      const collection = add(name, options);
      this.#listen(collection);
      return collection;
    };
    db.removeCollection = (name) => {
      remove(name);
      this.#drain(); // what came before belongs before
      this.#changed({ k: "drop", c: name });
      this.#drain();
    };
  }

  #followTransactions(): void {
    const store = this.#store;
    const begin = store.beginBatchTransaction.bind(store);
    const end = store.endBatchTransaction.bind(store);
    store.beginBatchTransaction = async (batchId) => {
      await begin(batchId);
      this.#transaction = new Map();
    };
    store.endBatchTransaction = async (...batch) => {
      await end(...batch); // a rollback's own changes end up in the map that is dropped
      const changes = this.#transaction;
      this.#transaction = null;
      const succeeded = batch[4];
      if (succeeded && changes !== null) for (const change of changes.values()) this.#changed(change);
    };
  }

  #changed(record: TableRecord): void {
    if (record.k === "base") return;
    const into = this.#transaction ?? this.#pending;
    if (into === this.#pending && into.size === 0) queueMicrotask(() => this.#drain());
    const place = record.k === "drop" ? record.c : `${record.c}\n${record.key}`;
    into.delete(place); // the order is that of the last change
    into.set(place, record);
  }

  /** Hands over what has changed; one call's records are durable together. */
  #drain(): void {
    if (this.#pending.size === 0 || this.#log === null) return;
    const records = [...this.#pending.values()];
    this.#pending = new Map();
    const [sample] = records;
    if (sample !== undefined) {
      this.#sizes.records += 1;
      this.#sizes.bytes += tableCodec.format(sample).length;
    }
    this.#log.append(records).catch(() => undefined); // the log is broken: every barrier tells
  }

  /** Rows by their keys, tables and services by their names. */
  #keyOf(collection: string, doc: Doc): string {
    const { TABLES_COLLECTION, SERVICES_COLLECTION } = this.#store;
    const parts =
      collection === TABLES_COLLECTION
        ? [doc["account"], doc["table"]]
        : collection === SERVICES_COLLECTION
          ? [doc["accountName"]]
          : [doc["PartitionKey"], doc["RowKey"]];
    return JSON.stringify(parts);
  }
}

function bare(doc: Doc): Record<string, unknown> {
  return Object.fromEntries(Object.entries(doc).filter(([key]) => !OWN_KEYS.has(key)));
}

const azuriteFile = z.object({
  collections: z.array(z.object({ name: z.string(), data: z.array(z.record(z.string(), z.unknown())) })),
});

/** A folder of a build that had no journal holds Azurite's own file: read once, and kept under another name. */
function readAzuriteFile(path: string): z.infer<typeof azuriteFile>["collections"] {
  try {
    return azuriteFile.parse(JSON.parse(readFileSync(path, "utf8"))).collections;
  } catch (error) {
    const why = error instanceof Error ? error.name : String(error);
    throw new UserFault([
      {
        what: `Azurite's file cannot be read (${why}).`,
        fix: "Restore the file from a copy, or move it away to start with empty tables.",
        at: { where: path },
      },
    ]);
  }
}
