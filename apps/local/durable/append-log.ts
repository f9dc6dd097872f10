// One append-only file of records, as broker and tables keep theirs, written by group commit; a group is one frame of magic, length
// and CRC32, so that it is there as a whole or not at all.
import { open, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { UserFault } from "../../../shared/domain/fault.ts";
import { GroupCommit } from "./group-commit.ts";
import { syncFolder } from "./sync-folder.ts";

const MAGIC = Buffer.from("MFB1");
const FRAME_HEAD = 12;
const COMPACT_FACTOR = 4;
const COMPACT_LEAST_BYTES = 1_000_000;
const SNAPSHOT_FRAME_BYTES = 1_000_000;

/** What the records build. `apply` is asked at the start for what the file holds, oldest first. */
export interface LoggedState<LogRecord> {
  apply(record: LogRecord): void;
  /** The state in the fewest records; one that changes before its records are durable tells what it was when it was asked. */
  snapshot(): Iterable<LogRecord>;
  liveBytes(): number;
}

export interface LogCodec<LogRecord> {
  format(record: LogRecord): Buffer;
  /** Throws where the bytes are no record. */
  parse(bytes: Buffer): LogRecord;
}

export interface AppendLog<LogRecord> {
  /** Resolves once the records are durable, and applied where they are applied then. Rejects for ever after a write error. */
  append(records: readonly LogRecord[]): Promise<void>;
  /** All that was appended is durable. */
  readonly isSettled: boolean;
  /** Resolves once all that was appended before is durable. Rejects as `append` does. */
  settled(): Promise<void>;
  /** The write error that stopped the log; from then on nothing is accepted. */
  broken(): Error | null;
  close(): Promise<void>;
}

export interface LogOptions<LogRecord> {
  /** Null keeps nothing. */
  readonly path: string | null;
  /** Whose log it is, as in "broker". */
  readonly owner: string;
  /** What is empty when a person moves a damaged file away. */
  readonly without: string;
  readonly codec: LogCodec<LogRecord>;
  readonly state: LoggedState<LogRecord>;
  /** A state that changes only by what is durable is told here; one that changes first has nothing to do. */
  readonly whenDurable: (record: LogRecord) => void;
  readonly log: (line: string) => void;
  /** Fault hook: the error that the next write meets, if any. */
  readonly failWrite: () => Error | null;
}

export async function openLog<R>(options: LogOptions<R>): Promise<AppendLog<R>> {
  const { path } = options;
  if (path === null) return new GroupCommitLog(options, null);
  await rm(`${path}.tmp`, { force: true }); // a compaction that a crash interrupted: the log itself is whole
  const size = await recover(path, options);
  const handle = await open(path, "a");
  return new GroupCommitLog(options, { path, handle, size });
}

interface LogFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly size: number;
}

class GroupCommitLog<R> implements AppendLog<R> {
  readonly #options: LogOptions<R>;
  readonly #group: GroupCommit<R>;
  #file: LogFile | null;
  #closed = false;

  constructor(options: LogOptions<R>, file: LogFile | null) {
    const { owner, log } = options;
    this.#options = options;
    this.#file = file;
    this.#group = new GroupCommit<R>(
      (records) => this.#write(records),
      ({ message }) => log(`${owner}: nothing is accepted from now on, the log cannot be written: ${message}`),
    );
  }

  append(records: readonly R[]): Promise<void> {
    if (this.#closed) return Promise.reject(new Error(`the ${this.#options.owner} is closing`));
    this.#group.add(records);
    return this.#group.settled();
  }

  get isSettled(): boolean {
    return this.#group.isSettled;
  }

  settled(): Promise<void> {
    return this.#group.settled();
  }

  broken(): Error | null {
    return this.#group.broken;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (!this.#group.isSettled) await this.#group.settled().catch(() => undefined); // whoever appended has heard
    await this.#file?.handle.close();
    this.#file = null;
  }

  async #write(records: readonly R[]): Promise<void> {
    const { failWrite, codec, whenDurable } = this.#options;
    const failure = failWrite();
    if (failure !== null) throw failure;
    if (this.#file !== null) {
      const frame = frameOf(records.map((record) => codec.format(record)));
      await writeAll(this.#file.handle, frame);
      await this.#file.handle.datasync();
      this.#file = { ...this.#file, size: this.#file.size + frame.length };
    }
    for (const record of records) whenDurable(record);
    await this.#compactIfDue();
  }

  async #compactIfDue(): Promise<void> {
    const file = this.#file;
    if (file === null || file.size < COMPACT_LEAST_BYTES) return;
    if (file.size < this.#options.state.liveBytes() * COMPACT_FACTOR) return;
    const size = await writeSnapshot(file.path, this.#options);
    await file.handle.close();
    this.#file = { path: file.path, handle: await open(file.path, "a"), size };
  }
}

/** A whole new file beside the old one, put in its place by one rename: a crash leaves the one or the other. */
async function writeSnapshot<R>(path: string, { state, codec }: LogOptions<R>): Promise<number> {
  const handle = await open(`${path}.tmp`, "w");
  let size = 0;
  try {
    for (const frame of framesOf(state.snapshot(), codec)) {
      await writeAll(handle, frame);
      size += frame.length;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.tmp`, path);
  syncFolder(dirname(path));
  return size;
}

function* framesOf<R>(records: Iterable<R>, codec: LogCodec<R>): Generator<Buffer> {
  let group: Buffer[] = [];
  let bytes = 0;
  for (const record of records) {
    const formatted = codec.format(record);
    group.push(formatted);
    bytes += formatted.length;
    if (bytes < SNAPSHOT_FRAME_BYTES) continue;
    yield frameOf(group);
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield frameOf(group);
}

function frameOf(records: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const bytes of records) {
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  }
  const payload = Buffer.concat(parts);
  const head = Buffer.allocUnsafe(FRAME_HEAD);
  MAGIC.copy(head);
  head.writeUInt32BE(payload.length, 4);
  head.writeUInt32BE(crc32(payload), 8);
  return Buffer.concat([head, payload]);
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}

/** Applies what the file holds, cuts a torn tail, compacts. Answers the file's size. */
async function recover<R>(path: string, options: LogOptions<R>): Promise<number> {
  const { state } = options;
  const bytes = await readIfThere(path);
  let at = 0;
  for (let payload = frameAt(bytes, at); payload !== null; payload = frameAt(bytes, at)) {
    applyPayload(path, payload, at, options);
    at += FRAME_HEAD + payload.length;
  }
  if (at < bytes.length) await cutTail(path, bytes, at, options);
  if (at > 0 && at < state.liveBytes() * COMPACT_FACTOR && bytes.length < COMPACT_LEAST_BYTES) return at;
  return writeSnapshot(path, options);
}

/** Only the last group can be torn: the next is written when this one is durable. A whole frame behind it means damage. */
async function cutTail<R>(path: string, bytes: Buffer, at: number, options: LogOptions<R>): Promise<void> {
  for (let next = bytes.indexOf(MAGIC, at + 1); next !== -1; next = bytes.indexOf(MAGIC, next + 1)) {
    if (frameAt(bytes, next) !== null) throw damaged(path, at, `a whole record follows at byte ${next}`, options);
  }
  const { owner, log } = options;
  log(`${owner}: ${path}: the last record was torn; its ${bytes.length - at} bytes at byte ${at} were cut off`);
  const handle = await open(path, "r+");
  try {
    await handle.truncate(at);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function applyPayload<R>(path: string, payload: Buffer, frame: number, options: LogOptions<R>): void {
  const { state, codec } = options;
  try {
    for (let at = 0; at < payload.length;) {
      const end = at + 4 + payload.readUInt32BE(at);
      state.apply(codec.parse(payload.subarray(at + 4, end)));
      at = end;
    }
  } catch (error) {
    throw damaged(
      path,
      frame,
      `its record cannot be read (${error instanceof Error ? error.name : "unknown"})`,
      options,
    );
  }
}

function damaged<R>(path: string, at: number, why: string, { owner, without }: LogOptions<R>): UserFault {
  return new UserFault([
    {
      at: { where: path },
      what: `The ${owner}'s log is damaged at byte ${at}: ${why}.`,
      fix: `Restore the file from a copy, or move it away to start ${without}.`,
    },
  ]);
}

function frameAt(bytes: Buffer, at: number): Buffer | null {
  if (at + FRAME_HEAD > bytes.length || !bytes.subarray(at, at + 4).equals(MAGIC)) return null;
  const end = at + FRAME_HEAD + bytes.readUInt32BE(at + 4);
  if (end > bytes.length) return null;
  const payload = bytes.subarray(at + FRAME_HEAD, end);
  return crc32(payload) === bytes.readUInt32BE(at + 8) ? payload : null;
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
