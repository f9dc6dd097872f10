// The file of the tenant's log as it is opened: read from its first line to its last whole one, cut where it was torn, and
// written anew where much of it means nothing any more.
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";
import { formatCheckedLine, parseCheckedLine } from "../durable/checked-line.ts";
import { syncFolder } from "../durable/sync-folder.ts";
import type { TenantEvent } from "./event.ts";
import { eventSchema } from "./event.ts";

// 1: one event a line. 2: the events of a group in one line, as a list.
const VERSION = 2;
const FILE = "tenant.log";
const READ_BYTES = 1 << 20;
// Below this a shorter file would open no faster.
const SPENT_AT_LEAST = 1_000;
const SPENT_SHARE = 0.25;
const headSchema = z.object({ v: z.int(), tenantId: z.string(), epoch: z.int() });
const groupSchema = z.union([eventSchema.transform((event) => [event]), z.array(eventSchema)]);

/** First line: what the folder was begun with. `epoch`: the virtual instant of the tenant's first start. */
export interface LogHead {
  readonly tenantId: string;
  readonly epoch: number;
}

export interface OpenFileOptions {
  readonly fresh: LogHead;
  readonly replay: (event: TenantEvent) => void;
  readonly isSpent: (event: TenantEvent) => boolean;
  readonly say: (line: string) => void;
}

export interface LogFile {
  readonly head: LogHead;
  readonly fd: number;
  /** Where the next line goes. */
  readonly end: number;
}

export function openLogFile(dir: string, options: OpenFileOptions): LogFile {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, FILE);
  rmSync(`${path}.tmp`, { force: true }); // a rewrite that a crash interrupted: the log itself is whole
  if (!existsSync(path)) return begin(path, options.fresh);
  const fd = openSync(path, "r+");
  try {
    const read = readAll(fd, path, options);
    // Nothing but a head that was torn off counts as new, too.
    if (read.end > 0 && !isWorthRewriting(read)) return { head: read.head, fd, end: read.end };
    closeSync(fd);
    return read.end === 0 ? begin(path, options.fresh) : rewrite(path, read.head, options.isSpent);
  } catch (error) {
    if (error instanceof UserFault) closeSync(fd);
    throw error;
  }
}

interface ReadLog {
  readonly head: LogHead;
  readonly end: number;
  readonly version: number;
  readonly events: number;
  readonly spent: number;
}

function readAll(fd: number, path: string, { fresh, replay, isSpent, say }: OpenFileOptions): ReadLog {
  let head: z.infer<typeof headSchema> | null = null;
  let [end, size, lineNumber, broken, events, spent] = [0, 0, 0, 0, 0, 0];
  for (const { text, endsAt } of lines(fd)) {
    lineNumber++;
    size = endsAt;
    // Only the last line may be broken: a good one after it means that the file was damaged, not torn.
    if (broken > 0) throw damaged(path, broken);
    const value = parseCheckedLine(text);
    if (value === undefined) {
      broken = lineNumber;
      continue;
    }
    if (head === null) head = parseHead(value, path, fresh);
    else {
      for (const event of parseGroup(value, path, lineNumber)) {
        events++;
        if (isSpent(event)) spent++;
        replay(event);
      }
    }
    end = endsAt;
  }
  if (size > end) {
    say(`tenant: ${path}: the last record was torn; its ${size - end} bytes at byte ${end} were cut off`);
    ftruncateSync(fd, end);
    fsyncSync(fd);
  }
  return { head: head ?? fresh, end, version: head?.v ?? VERSION, events, spent };
}

function headLine({ tenantId, epoch }: LogHead): z.infer<typeof headSchema> {
  return { v: VERSION, tenantId, epoch };
}

function isWorthRewriting({ version, events, spent }: ReadLog): boolean {
  return version < VERSION || (spent >= SPENT_AT_LEAST && spent >= events * SPENT_SHARE);
}

function begin(path: string, head: LogHead): LogFile {
  const fd = openSync(path, "w+");
  const end = writeLine(fd, headLine(head));
  fsyncSync(fd);
  syncFolder(dirname(path));
  return { head, fd, end };
}

/** A whole new file beside the old one, put in its place by one rename: a crash leaves the one or the other. */
function rewrite(path: string, head: LogHead, isSpent: OpenFileOptions["isSpent"]): LogFile {
  const source = openSync(path, "r");
  const fd = openSync(`${path}.tmp`, "w+");
  try {
    let end = writeLine(fd, headLine(head));
    let lineNumber = 0;
    for (const { text } of lines(source)) {
      if (++lineNumber === 1) continue;
      const kept = parseGroup(parseCheckedLine(text), path, lineNumber).filter((event) => !isSpent(event));
      if (kept.length > 0) end += writeLine(fd, kept);
    }
    fsyncSync(fd);
    renameSync(`${path}.tmp`, path);
    syncFolder(dirname(path));
    return { head, fd, end };
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    closeSync(source);
  }
}

/** At the file's own position, which only the opening of a log moves. */
function writeLine(fd: number, value: unknown): number {
  const bytes = Buffer.from(formatCheckedLine(JSON.stringify(value)));
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
  return bytes.length;
}

/** Complete lines and, at the end, what is left without a line break. In pieces: a log of a large tenant has 100 MB. */
function* lines(fd: number): Generator<{ text: string; endsAt: number }> {
  const piece = Buffer.alloc(READ_BYTES);
  let rest = Buffer.alloc(0);
  let start = 0;
  for (let position = 0; ;) {
    const read = readSync(fd, piece, 0, READ_BYTES, position);
    if (read === 0) break;
    position += read;
    const bytes = Buffer.concat([rest, piece.subarray(0, read)]);
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

function parseHead(value: unknown, path: string, fresh: LogHead): z.infer<typeof headSchema> {
  const head = headSchema.safeParse(value).data;
  if (head === undefined) throw damaged(path, 1);
  if (head.v > VERSION) {
    const what = `the folder was written by a newer version (format ${head.v}, this one reads ${VERSION}).`;
    throw new UserFault([{ what, fix: "Use the newer version, or another folder.", at: { where: path } }]);
  }
  if (head.tenantId !== fresh.tenantId) {
    const what = `the folder belongs to tenant ${head.tenantId}, not to ${fresh.tenantId}.`;
    throw new UserFault([{ what, fix: "Use another folder, or that tenant id.", at: { where: path } }]);
  }
  return head;
}

function parseGroup(value: unknown, path: string, line: number): readonly TenantEvent[] {
  const result = groupSchema.safeParse(value);
  if (!result.success) throw damaged(path, line);
  return result.data;
}

function damaged(path: string, line: number): UserFault {
  const what = "this line is damaged and the log cannot be read.";
  const fix = "Restore the file from a copy, or move it away to start with the people of the tenant file alone.";
  return new UserFault([{ what, fix, at: { where: path, line } }]);
}
