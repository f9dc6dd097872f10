// Sizes at which limits meet. Source: Table service entity group transactions (100 entities, one partition), Graph JSON batching
// (20 steps), Exchange Online (4 requests at once a mailbox).

/** Enrollments of one message and one transaction: 1 header + 40 rows + 1 journal entry. */
export const BATCH_SIZE = 40;
/** Batches of one partition. */
const BLOCK_SIZE = 500;
/** Steps of one Graph `$batch`. */
export const GRAPH_BATCH_STEPS = 20;
/** Steps of a `$batch` of mails of one sender: the mailbox works on four at once and refuses the fifth. */
export const MAIL_BATCH_STEPS = 4;

export function slice<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const slices: T[][] = [];
  for (let start = 0; start < items.length; start += size) slices.push(items.slice(start, start + size));
  return slices;
}

export function blockOf(batch: number): number {
  return Math.floor(batch / BLOCK_SIZE);
}

/** How many blocks hold so many batches. */
export function blockCount(batches: number): number {
  return Math.ceil(batches / BLOCK_SIZE);
}
