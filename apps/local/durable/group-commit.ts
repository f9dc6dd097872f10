// Group commit: what arrives while one write goes to the disk shares the next. A write that failed ends it for ever, since a disk
// that failed once cannot be trusted with the next record: part of this one may be in the file.

const DONE = Promise.resolve();

export class GroupCommit<Item> {
  readonly #write: (group: readonly Item[]) => Promise<void>;
  readonly #onBroken: (error: Error) => void;
  #waiting: Item[] = [];
  /** The group that is being written. */
  #running: Promise<void> | null = null;
  /** The group that comes after it: whoever adds now shares it. */
  #next: Promise<void> | null = null;
  #broken: Error | null = null;

  /**
   * @param write resolves once the group is durable; never called twice at once
   * @param onBroken told once, with the error of the write that failed
   */
  constructor(write: (group: readonly Item[]) => Promise<void>, onBroken: (error: Error) => void) {
    this.#write = write;
    this.#onBroken = onBroken;
  }

  /** The error after which nothing is written any more. */
  get broken(): Error | null {
    return this.#broken;
  }

  /** Everything added is durable. */
  get isSettled(): boolean {
    return this.#broken === null && this.#running === null && this.#next === null && this.#waiting.length === 0;
  }

  add(items: readonly Item[]): void {
    this.#waiting.push(...items);
  }

  /** Resolves once everything added before is durable. Rejects for ever after a failed write. */
  settled(): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    if (this.#waiting.length === 0 && this.#next === null) return this.#running ?? DONE;
    this.#next ??= this.#commit(this.#running ?? DONE);
    return this.#next;
  }

  async #commit(before: Promise<void>): Promise<void> {
    await before;
    await new Promise((next) => setImmediate(next)); // all that this turn of the loop brings shares the group
    const own = this.#next;
    this.#running = own;
    this.#next = null;
    const group = this.#waiting;
    this.#waiting = [];
    try {
      await this.#write(group);
    } catch (error) {
      this.#broken = error instanceof Error ? error : new Error(String(error));
      this.#onBroken(this.#broken);
      throw this.#broken;
    } finally {
      this.#running = null;
    }
  }
}
