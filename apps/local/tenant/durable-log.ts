// Append log of the tenant's events: one line an event, `<crc32> <json>`. Lines are handed to the operating system before an
// answer leaves, so they survive the end of this process (`kill -9` included); a power cut is not promised, hence no fsync a line.
// A torn last line is what a kill in mid-write leaves, and is dropped; damage anywhere else is a fault that a person must see.
import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import * as z from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { TenantEvent } from "./event.ts";
import { eventSchema } from "./event.ts";

const VERSION = 1;
const FILE = "tenant.log";
const CHUNK_BYTES = 1 << 20;
const headSchema = z.object({ v: z.int(), tenantId: z.string(), epoch: z.int() });

/** First line: what the folder was begun with. `epoch`: the virtual instant of the tenant's first start. */
export interface LogHead {
  readonly tenantId: string;
  readonly epoch: number;
}

export interface DurableLog {
  readonly head: LogHead;
  append(event: TenantEvent): void;
  /** Writes what was appended; call it before the answer leaves. */
  flush(): void;
  close(): void;
}

/** Opens or begins the log in `dir` and passes the stored events to `replay`, oldest first. */
export function openLog(dir: string | null, fresh: LogHead, replay: (event: TenantEvent) => void): DurableLog {
  if (dir === null) return { head: fresh, append: () => undefined, flush: () => undefined, close: () => undefined };
  mkdirSync(dir, { recursive: true });
  const path = join(dir, FILE);
  const isNew = !existsSync(path);
  const fd = openSync(path, isNew ? "w+" : "r+");
  let head: LogHead;
  let end: number;
  try {
    ({ head, end } = isNew ? { head: fresh, end: 0 } : readAll(fd, path, fresh, replay));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  // Nothing but a head that was torn off counts as new, too.
  let pending = end === 0 ? formatLine({ v: VERSION, ...head }) : "";
  const flush = (): void => {
    if (pending === "") return;
    end += writeAll(fd, Buffer.from(pending), end);
    pending = "";
  };
  flush();
  return {
    head,
    append: (event) => {
      pending += formatLine(event);
    },
    flush,
    close: () => {
      flush();
      fsyncSync(fd);
      closeSync(fd);
    },
  };
}

function readAll(
  fd: number,
  path: string,
  fresh: LogHead,
  replay: (event: TenantEvent) => void,
): { head: LogHead; end: number } {
  let head: LogHead | null = null;
  let end = 0;
  let lineNumber = 0;
  let broken = 0;
  for (const { text, endsAt } of lines(fd)) {
    lineNumber++;
    // Only the last line may be broken: a good one after it means that the file was damaged, not torn.
    if (broken > 0) throw damaged(path, broken);
    const value = parseLine(text);
    if (value === undefined) {
      broken = lineNumber;
      continue;
    }
    if (head === null) head = parseHead(value, path, fresh);
    else replay(parseEvent(value, path, lineNumber));
    end = endsAt;
  }
  ftruncateSync(fd, end);
  return { head: head ?? fresh, end };
}

/** Complete lines and, at the end, what is left without a line break. In chunks: a log of a large tenant has 100 MB. */
function* lines(fd: number): Generator<{ text: string; endsAt: number }> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = Buffer.alloc(0);
  let start = 0;
  for (let position = 0; ;) {
    const read = readSync(fd, chunk, 0, CHUNK_BYTES, position);
    if (read === 0) break;
    position += read;
    const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
    let from = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
      yield { text: bytes.toString("utf8", from, at), endsAt: start + at + 1 };
      from = at + 1;
    }
    start += from;
    rest = Buffer.from(bytes.subarray(from));
  }
  if (rest.length > 0) yield { text: "", endsAt: start + rest.length };
}

function formatLine(value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

function parseLine(line: string): unknown {
  const json = line.slice(9);
  if (line.length < 10 || line.slice(0, 8) !== checksum(json)) return undefined;
  const value: unknown = JSON.parse(json);
  return value;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}

function parseHead(value: unknown, path: string, fresh: LogHead): LogHead {
  const head = headSchema.parse(value);
  if (head.v > VERSION) {
    const what = `the folder was written by a newer version (format ${head.v}, this one reads ${VERSION}).`;
    throw new UserFault([{ what, fix: "Use the newer version, or another folder.", at: { where: path } }]);
  }
  if (head.tenantId !== fresh.tenantId) {
    const what = `the folder belongs to tenant ${head.tenantId}, not to ${fresh.tenantId}.`;
    throw new UserFault([{ what, fix: "Use another folder, or that tenant id.", at: { where: path } }]);
  }
  return { tenantId: head.tenantId, epoch: head.epoch };
}

function parseEvent(value: unknown, path: string, line: number): TenantEvent {
  const result = eventSchema.safeParse(value);
  if (!result.success) throw damaged(path, line);
  return result.data;
}

function damaged(path: string, line: number): UserFault {
  const fix = "Restore the file from a copy, or use another folder.";
  return new UserFault([{ what: "this line is damaged and the log cannot be read.", fix, at: { where: path, line } }]);
}

function writeAll(fd: number, bytes: Buffer, position: number): number {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(fd, bytes, written, bytes.length - written, position + written);
  }
  return written;
}
