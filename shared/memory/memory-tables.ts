// Tables in memory, with Table Storage's rules: entity tags, entity group transactions, keys, sizes. Rows go through JSON text and are
// frozen, so that nobody shares an object that changes with the store.
import { measureEntity, TRANSACTION_BYTES_MAX } from "../codec/entity-limits.ts";
import type { Columns } from "../domain/journal.ts";
import type { EntityTable, EntityWrite, StoredEntity, Tables } from "../ports/entity-table.ts";
import { tablesFrom } from "../ports/entity-table.ts";
import { Conflict, Unavailable } from "../ports/errors.ts";
import { NO_FAULTS } from "./memory-faults.ts";
import type { FaultSource } from "./memory-faults.ts";
import { parseColumns } from "../codec/stored-columns.ts";

const TRANSACTION_MAX = 100;
const PAGE = 1_000;

interface Entity {
  readonly columns: Columns;
  readonly etag: string;
}

interface Partition {
  readonly rows: Map<string, Entity>;
  /** Row keys in order, made when a range is asked for; a new row makes it stale. */
  sorted: readonly string[] | null;
}

export interface MemoryTablesOptions {
  readonly faults?: FaultSource;
  /** Each request, as the summary counts them. */
  readonly count?: (kind: "read" | "transaction") => void;
  /** In the moment of each commit, also of one whose answer is lost. */
  readonly committed?: (table: keyof Tables, partition: string, writes: readonly EntityWrite[]) => void;
}

export function createMemoryTables(options: MemoryTablesOptions = {}): Tables {
  return tablesFrom((name) => new MemoryTable(name, options));
}

class MemoryTable implements EntityTable {
  readonly #partitions = new Map<string, Partition>();
  readonly #faults: FaultSource;
  readonly #count: (kind: "read" | "transaction") => void;
  readonly #committed: (partition: string, writes: readonly EntityWrite[]) => void;
  #writes = 0;

  constructor(name: keyof Tables, { faults = NO_FAULTS, count, committed }: MemoryTablesOptions) {
    this.#faults = faults;
    this.#count = count ?? (() => undefined);
    this.#committed = (partition, writes) => committed?.(name, partition, writes);
  }

  async get(partition: string, row: string): Promise<StoredEntity | null> {
    this.#count("read");
    this.#failWhen("unavailable");
    const entity = this.#partitions.get(partition)?.rows.get(row);
    return entity === undefined ? null : { row, columns: entity.columns, etag: entity.etag };
  }

  async *pages(partition: string, from: string, to: string): AsyncIterable<readonly StoredEntity[]> {
    const held = this.#partitions.get(partition);
    const sorted = held === undefined ? [] : sortedKeys(held);
    const keys = sorted.slice(firstFrom(sorted, from), firstFrom(sorted, to));
    for (let start = 0; start === 0 || start < keys.length; start += PAGE) {
      this.#count("read");
      this.#failWhen("unavailable");
      // Table Storage may answer no row and a token: an empty page is not the end.
      if (this.#faults.strikes("empty-page")) yield [];
      yield keys.slice(start, start + PAGE).flatMap((row) => {
        const entity = held?.rows.get(row);
        return entity === undefined ? [] : [{ row, columns: entity.columns, etag: entity.etag }];
      });
    }
  }

  async transact(partition: string, writes: readonly EntityWrite[]): Promise<readonly string[]> {
    if (writes.length === 0) return [];
    this.#count("transaction");
    checkLimits(partition, writes);
    this.#failWhen("unavailable");
    // Who asks for nothing that must be so cannot meet somebody else's change.
    const isConditional = writes.some(({ kind }) => kind !== "upsert");
    if (isConditional && this.#faults.strikes("conflict")) throw new Conflict("injected: somebody else was first");
    const held = this.#partitions.get(partition) ?? { rows: new Map<string, Entity>(), sorted: null };
    for (const write of writes) checkCondition(held.rows.get(write.row), write);
    this.#partitions.set(partition, held);
    const etags = writes.map((write) => this.#put(held, write.row, write.columns));
    this.#committed(
      partition,
      writes.map((write) => ({ ...write, columns: held.rows.get(write.row)?.columns ?? {} })),
    );
    this.#failWhen("lost-answer");
    // The SDK sends again after a lost answer and meets its own write.
    if (isConditional && this.#faults.strikes("conflict-after-commit"))
      throw new Conflict("injected: the second try met the first");
    return etags;
  }

  #put(held: Partition, row: string, columns: Columns): string {
    this.#writes += 1;
    const etag = `W/"${this.#writes}"`;
    if (!held.rows.has(row)) held.sorted = null;
    held.rows.set(row, { columns: Object.freeze(parseColumns(JSON.stringify(columns))), etag });
    return etag;
  }

  #failWhen(fault: "unavailable" | "lost-answer"): void {
    if (this.#faults.strikes(fault)) throw new Unavailable("tables", { cause: new Error(`injected: ${fault}`) });
  }
}

function sortedKeys(held: Partition): readonly string[] {
  held.sorted ??= [...held.rows.keys()].sort();
  return held.sorted;
}

/** Index of the first key that is not below `key`. */
function firstFrom(sorted: readonly string[], key: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checkLimits(partition: string, writes: readonly EntityWrite[]): void {
  if (writes.length > TRANSACTION_MAX) throw new Error(`${writes.length} operations in one transaction`);
  if (new Set(writes.map(({ row }) => row)).size < writes.length) throw new Error("a row twice in one transaction");
  const bytes = writes.reduce((sum, { row, columns }) => sum + measureEntity(partition, row, columns), 0);
  if (bytes > TRANSACTION_BYTES_MAX) throw new Error(`${bytes} bytes in one transaction`);
}

function checkCondition(entity: Entity | undefined, write: EntityWrite): void {
  if (write.kind === "create" && entity !== undefined) throw new Conflict(`${write.row} exists`);
  if (write.kind === "replace" && entity?.etag !== write.etag) throw new Conflict(`${write.row} has changed`);
}
