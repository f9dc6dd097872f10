// The supervisor's memory: offset, and when each timer last ran. One line a change, forced to the disk before anybody is told of
// a jump, so that a supervisor that starts again never shows an instant before one that was already seen.
import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";
import { diskFull, isDiskFull } from "../disk-full.ts";
import { formatCheckedLine, parseCheckedLine } from "../durable/checked-line.ts";
import { syncFolder } from "../durable/sync-folder.ts";

/** 1: lines of bare JSON. 2: this head, which tells a build that reads only 1 to stop, and then `<crc32> <json>` a line. */
const FORMAT = 2;
const HEAD = `${JSON.stringify({ v: FORMAT })}\n`;
/** At X times a jump is saved many times a second, for days. */
const REWRITE_BYTES = 1_000_000;

const versioned = z.object({ v: z.int() });
const timer = z.object({ schedule: z.string(), last: z.number().nullable(), next: z.number().nullable() });
const schema = z.object({
  seq: z.int().min(0),
  offset: z.int(),
  /** Wall clock at the writing: the wall may have been set back since. */
  wall: z.number(),
  timers: z.record(z.string(), timer),
});
export type Saved = z.infer<typeof schema>;
export type SavedTimer = z.infer<typeof timer>;

export interface ClockStore {
  readonly saved: Saved | null;
  /** Resolves once it is on the disk. The next save after one that failed begins a new file. */
  save(state: Saved): Promise<void>;
  close(): void;
}

export interface ClockStoreOptions {
  /** The file is written anew, with one line, by the first save after it has grown to this. */
  readonly rewriteBytes?: number;
  /** Fault hook: the error that the next write meets, if any. */
  readonly failWrite?: () => Error | null;
}

const sync = promisify(fdatasync);

/** @throws UserFault for a file that is damaged or of a newer version, and where the disk is full */
export function openClockStore(dataDir: string, options: ClockStoreOptions = {}): ClockStore {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, "clock.log");
  return new FileClockStore(path, existsSync(path) ? readLast(path) : null, options);
}

class FileClockStore implements ClockStore {
  readonly saved: Saved | null;
  readonly #path: string;
  readonly #rewriteBytes: number;
  readonly #failWrite: () => Error | null;
  #handle: number | null = null;
  #size = 0;

  constructor(path: string, saved: Saved | null, { rewriteBytes, failWrite }: ClockStoreOptions) {
    this.saved = saved;
    this.#path = path;
    this.#rewriteBytes = rewriteBytes ?? REWRITE_BYTES;
    this.#failWrite = failWrite ?? (() => null);
    try {
      this.#begin(saved);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async save(state: Saved): Promise<void> {
    try {
      if (this.#handle === null || this.#size >= this.#rewriteBytes) this.#begin(state);
      else {
        this.#size += this.#write(this.#handle, formatCheckedLine(JSON.stringify(state)));
        await sync(this.#handle);
      }
    } catch (error) {
      // Part of the line may be in the file, or on its way to the disk: no other line may come behind it.
      this.close();
      throw this.#explain(error);
    }
  }

  close(): void {
    if (this.#handle !== null) closeSync(this.#handle);
    this.#handle = null;
  }

  /** A new file beside the old one, whole on the disk before it takes the old one's place. */
  #begin(state: Saved | null): void {
    const partial = `${this.#path}.partial`;
    const handle = openSync(partial, "w", 0o600);
    try {
      this.#size = this.#write(handle, state === null ? HEAD : HEAD + formatCheckedLine(JSON.stringify(state)));
      fsyncSync(handle);
      renameSync(partial, this.#path);
      syncFolder(dirname(this.#path));
    } catch (error) {
      closeSync(handle);
      rmSync(partial, { force: true });
      throw error;
    }
    this.close();
    this.#handle = handle;
  }

  #write(handle: number, text: string): number {
    const failure = this.#failWrite();
    if (failure !== null) throw failure;
    const bytes = Buffer.from(text);
    // A disk that fills up takes the first part of a line without an error.
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
    return bytes.length;
  }

  #explain(error: unknown): unknown {
    return isDiskFull(error) ? diskFull(this.#path) : error;
  }
}

/**
 * The last whole line. A torn one behind it was never acted upon, because its jump waits for the disk; but a whole line that
 * cannot be read is damage, and an older one in its place would turn time back.
 */
function readLast(path: string): Saved | null {
  const whole = readFileSync(path, "utf8").split("\n").slice(0, -1);
  const [first] = whole;
  const last = whole.at(-1);
  // Both formats begin with a whole line: none is what is left of a file that was emptied.
  if (first === undefined || last === undefined) throw damaged(path, 1);
  const head = versioned.safeParse(parseJson(first));
  if (!head.success) throw damaged(path, 1);
  const { v } = head.data;
  if (v > FORMAT) {
    const what = `was written by a newer version (format ${String(v)}, this one reads ${String(FORMAT)}).`;
    throw new UserFault([{ what, fix: "Use that version, or another --data folder.", at: { where: path } }]);
  }
  if (v === FORMAT && whole.length === 1) return null;
  const state = schema.safeParse(v === FORMAT ? parseCheckedLine(last) : parseJson(last));
  if (!state.success) throw damaged(path, whole.length);
  return state.data;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function damaged(path: string, line: number): UserFault {
  const what = "this line is damaged, and without it virtual time could go back.";
  const fix = "Restore the whole --data folder from a copy, or use another --data folder.";
  return new UserFault([{ what, fix, at: { where: path, line } }]);
}
