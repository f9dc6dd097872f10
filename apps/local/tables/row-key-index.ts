// Azurite scans a whole table for each query, though it keeps an index of row keys: with ten thousand users a look at one batch costs
// as much as a look at all. Here a query over a range of row keys first takes that range from the index; Azurite's own filter, order
// and paging then work on those rows, so that the answers are the same.

interface Chain {
  find(query: { readonly RowKey: { readonly $between: readonly [string, string] } }): Chain;
}
interface Collection {
  chain(): Chain;
}
/** Context, account, table, options, and where to go on. */
type QueryArguments = readonly [unknown, string, string, { readonly filter?: string }, ...unknown[]];

export interface Store {
  queryTableEntities: (this: Store, ...query: QueryArguments) => unknown;
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
  prototype.queryTableEntities = function byRowKey(this: Store, ...query: QueryArguments): unknown {
    const [, from, to] = RANGE.exec(query[3].filter ?? "") ?? [];
    return original.apply(from === undefined || to === undefined ? this : narrowed(this, from, to), [...query]);
  };
}

/** The same store, whose collections begin with the rows of a range. */
function narrowed(store: Store, from: string, to: string): Store {
  const getEntityCollection = (...where: unknown[]): Collection => {
    const collection = store.getEntityCollection(...where);
    return { chain: () => collection.chain().find({ RowKey: { $between: [from, to] } }) };
  };
  return new Proxy(store, {
    get: (target, name): unknown => (name === "getEntityCollection" ? getEntityCollection : Reflect.get(target, name)),
  });
}
