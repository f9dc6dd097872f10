// Append log of the tenant's events: one line a group, `<crc32> [<events>]`. What was acknowledged is on the disk: a group is
// written and synced (fdatasync) before any answer that changed or showed something of it leaves, and what arrives while one
// sync runs shares the next. A torn last line is a group that nobody was told of: it is cut off, and said. Damage anywhere else
// is a fault that a person must see.
import { closeSync, fdatasync, write } from "node:fs";
import { promisify } from "node:util";
import { formatCheckedLine } from "../durable/checked-line.ts";
import { GroupCommit } from "../durable/group-commit.ts";
import type { TenantEvent } from "./event.ts";
import type { LogFile, LogHead } from "./log-file.ts";
import { openLogFile } from "./log-file.ts";

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
  readonly #group: GroupCommit<string>;
  readonly #sync: LogOptions["sync"];
  readonly #fd: number;
  #end: number;

  constructor({ sync, onBroken }: LogOptions, { head, fd, end }: LogFile) {
    this.head = head;
    this.#sync = sync;
    this.#fd = fd;
    this.#end = end;
    this.#group = new GroupCommit((events) => this.#write(events), onBroken);
  }

  append(event: TenantEvent): void {
    this.#group.add([JSON.stringify(event)]);
  }

  settled(): Promise<void> {
    return this.#group.settled();
  }

  async close(): Promise<void> {
    try {
      await this.settled();
    } catch (error) {
      // Whoever was to hear of it has heard: there is nothing more to lose.
      if (error !== this.#group.broken) throw error;
    } finally {
      closeSync(this.#fd);
    }
  }

  async #write(events: readonly string[]): Promise<void> {
    const line = formatCheckedLine(`[${events.join(",")}]`);
    this.#end += await writeAll(this.#fd, Buffer.from(line), this.#end);
    await this.#sync(this.#fd);
  }
}

async function writeAll(fd: number, bytes: Buffer, position: number): Promise<number> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await writeAt(fd, bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
  return bytes.length;
}
