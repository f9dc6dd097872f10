// A binary heap, least key first. Entries are not removed from the middle: whoever pops looks whether the entry still holds.
// Those that do not are swept out now and then, else a lock of minutes or a time to live of days would keep each message that
// was settled long ago.

const FIRST_SWEEP = 1_024;

export class Heap<T> {
  #items: { readonly key: number; readonly value: T }[] = [];
  readonly #holds: (value: T, key: number) => boolean;
  #sweepAt = FIRST_SWEEP;

  /** @param holds whether an entry is still worth keeping */
  constructor(holds: (value: T, key: number) => boolean) {
    this.#holds = holds;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): { readonly key: number; readonly value: T } | undefined {
    return this.#items[0];
  }

  push(key: number, value: T): void {
    if (this.#items.length >= this.#sweepAt) this.#sweep();
    const items = this.#items;
    const entry = { key, value };
    let at = items.length;
    items.push(entry);
    while (at > 0) {
      const up = (at - 1) >>> 1;
      const parent = items[up];
      if (parent === undefined || parent.key <= key) break;
      items[at] = parent;
      at = up;
    }
    items[at] = entry;
  }

  pop(): { readonly key: number; readonly value: T } | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const a = items[left];
      if (a === undefined) break;
      const b = items[left + 1];
      const [child, index] = b !== undefined && b.key < a.key ? [b, left + 1] : [a, left];
      if (child.key >= last.key) break;
      items[at] = child;
      at = index;
    }
    items[at] = last;
    return first;
  }

  /** At twice the size of the last time: for each entry the cost stays that of a few pushes. */
  #sweep(): void {
    this.#items = this.#items.filter(({ key, value }) => this.#holds(value, key));
    this.#items.sort((a, b) => a.key - b.key); // what is in order is a heap
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#items.length);
  }
}
