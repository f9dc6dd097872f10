// Append log of the tenant's events: one line a group, `<crc32> [<events>]`. What was acknowledged is on the disk: a group is
// written and synced (fdatasync) before any answer that changed or showed something of it leaves, and what arrives while one
// sync runs shares the next. A torn last line is a group that nobody was told of: it is cut off, and said. Damage anywhere else
// is a fault that a person must see.
import { closeSync, fdatasync, write } from "node:fs";
import { promisify } from "node:util";
import type { TenantEvent } from "./event.ts";
import type { LogHead } from "./log-file.ts";
import { formatLine, openLogFile } from "./log-file.ts";

export interface DurableLog {
  readonly head: LogHead;
  append(event: TenantEvent): void;
  /** Resolves once all that was appended is on the disk. Rejects for ever after a write error. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface LogOptions {
  readonly dir: string | null;
  /** What the log begins with in a folder that has none. */
  readonly fresh: LogHead;
  readonly replay: (event: TenantEvent) => void;
  /** Whether an event of the file means nothing any more. */
  readonly isSpent: (event: TenantEvent) => boolean;
  readonly sync: (fd: number) => Promise<void>;
  readonly say: (line: string) => void;
  /** Told once, with the error after which nothing is accepted. */
  readonly onBroken: (error: Error) => void;
}

export const syncToDisk = promisify(fdatasync);
const writeAt = promisify(write);
const DONE = Promise.resolve();

/** Opens or begins the log in `dir` and passes the stored events to `replay`, oldest first. */
export function openLog(options: LogOptions): DurableLog {
  const { dir, fresh } = options;
  if (dir === null) return { head: fresh, append: () => undefined, settled: () => DONE, close: () => DONE };
  return new GroupCommitLog(options, openLogFile(dir, options));
}

class GroupCommitLog implements DurableLog {
  readonly head: LogHead;
  readonly #options: LogOptions;
  readonly #fd: number;
  #end: number;
  #pending: string[] = [];
  /** The group that is being written. */
  #syncing: Promise<void> | null = null;
  /** The group that comes after it: whoever appends now shares it. */
  #scheduled: Promise<void> | null = null;
  #broken: Error | null = null;

  constructor(options: LogOptions, { head, fd, end }: { head: LogHead; fd: number; end: number }) {
    this.#options = options;
    this.head = head;
    this.#fd = fd;
    this.#end = end;
  }

  append(event: TenantEvent): void {
    this.#pending.push(JSON.stringify(event));
  }

  settled(): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    if (this.#pending.length === 0) return this.#syncing ?? DONE;
    this.#scheduled ??= this.#commit(this.#syncing ?? DONE);
    return this.#scheduled;
  }

  async close(): Promise<void> {
    try {
      await this.settled();
    } catch (error) {
      // Whoever was to hear of it has heard: there is nothing more to lose.
      if (error !== this.#broken) throw error;
    } finally {
      closeSync(this.#fd);
    }
  }

  async #commit(before: Promise<void>): Promise<void> {
    await before;
    await new Promise((next) => setImmediate(next)); // all that this turn of the loop brings shares the group
    const own = this.#scheduled;
    this.#syncing = own;
    this.#scheduled = null;
    const line = formatLine(`[${this.#pending.join(",")}]`);
    this.#pending = [];
    try {
      this.#end += await writeAll(this.#fd, Buffer.from(line), this.#end);
      await this.#options.sync(this.#fd);
    } catch (error) {
      // A disk that failed once cannot be trusted with the next record: part of this one may be in the file.
      this.#broken = error instanceof Error ? error : new Error(String(error));
      this.#options.onBroken(this.#broken);
      throw this.#broken;
    }
    if (this.#syncing === own) this.#syncing = null;
  }
}

async function writeAll(fd: number, bytes: Buffer, position: number): Promise<number> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await writeAt(fd, bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
  return bytes.length;
}
