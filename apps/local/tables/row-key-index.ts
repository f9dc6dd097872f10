// Azurite scans a whole table for each query, though it keeps an index of row keys: with ten thousand users a look at one batch costs
// as much as a look at all. Here a query over a range of row keys first takes that range from the index; Azurite's own filter, order
// and paging then work on those rows, so that the answers are the same.

interface Chain {
  find(query: { readonly RowKey: { readonly $between: readonly [string, string] } }): Chain;
}
interface Collection {
  chain(): Chain;
}
type Query = (
  this: Store,
  context: unknown,
  account: string,
  table: string,
  options: QueryOptions,
  ...rest: unknown[]
) => unknown;
interface QueryOptions {
  readonly filter?: string;
}
export interface Store {
  queryTableEntities: Query;
  getEntityCollection(...where: unknown[]): Collection;
}

/** Row keys that cannot be taken for numbers, which the index orders by value: `u_00012_03`. */
const RANGE = /^PartitionKey eq '[^']*' and RowKey ge '([a-z]_[^']*)' and RowKey lt '([a-z][^']+)'$/;

const done = new WeakSet<Store>();

/** Once a process; a second call changes nothing. */
export function useRowKeyIndex(prototype: Store): void {
  if (done.has(prototype)) return;
  done.add(prototype);
  const original = prototype.queryTableEntities;
  prototype.queryTableEntities = byRowKey;

  function byRowKey(
    this: Store,
    context: unknown,
    account: string,
    table: string,
    options: QueryOptions,
    ...rest: unknown[]
  ): unknown {
    const [, from, to] = RANGE.exec(options.filter ?? "") ?? [];
    if (from === undefined || to === undefined) return original.call(this, context, account, table, options, ...rest);
    const narrowed: Store = Object.create(this);
    narrowed.getEntityCollection = (...where) => {
      const collection = this.getEntityCollection(...where);
      return { chain: () => collection.chain().find({ RowKey: { $between: [from, to] } }) };
    };
    return original.call(narrowed, context, account, table, options, ...rest);
  }
}
