// One process a data folder: a lock file with the owner's pid. The lock of a process that is gone is taken over.
import { readFileSync } from "node:fs";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";

const owner = z.object({ pid: z.int().min(1), started: z.string() });
const heldHere = new Set<string>();

/** A child of a supervisor that was killed is gone within this time; who comes after it waits as long. */
export const ORPHAN_MS = 3_000;
const LOOK_MS = 25;

/**
 * Answers the function that releases the folder. Throws a UserFault where another process, or this one, holds it, and still
 * does after `waitMs`.
 */
async function lockFolder(dataDir: string, waitMs = 0): Promise<() => Promise<void>> {
  const folder = resolve(dataDir);
  const path = join(folder, "broker.lock");
  if (heldHere.has(folder)) throw inUse(path, process.pid);
  heldHere.add(folder);
  try {
    await takeLockWithin(path, waitMs);
  } catch (error) {
    heldHere.delete(folder);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    heldHere.delete(folder);
  };
}

/** Starts what keeps its data in the folder; a start that fails leaves it free. @param dataDir null: nothing is kept, nothing locked */
export async function startLocked<T>(
  dataDir: string | null,
  waitMs: number,
  start: (unlock: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const unlock = dataDir === null ? () => Promise.resolve() : await lockFolder(dataDir, waitMs);
  try {
    return await start(unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function takeLockWithin(path: string, waitMs: number): Promise<void> {
  const end = performance.now() + waitMs;
  for (;;) {
    try {
      await takeLock(path);
      return;
    } catch (error) {
      if (!(error instanceof UserFault) || performance.now() > end) throw error;
    }
    await wait(LOOK_MS);
  }
}

async function takeLock(path: string): Promise<void> {
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) });
  for (let attempt = 1; attempt <= 5; attempt++) {
    if (await createWhole(path, mine)) return;
    const text = await readFile(path, "utf8").catch(absentIsEmpty);
    const pid = livingOwner(text);
    if (pid !== null) throw inUse(path, pid);
    await moveAway(path, text);
  }
  throw inUse(path, null);
}

/** By a link to a finished file: nobody may read a lock that its owner has created and not written yet. */
async function createWhole(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, text);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Two starters may judge the same lock dead: who finds that it moved a fresh one away puts it back. */
async function moveAway(path: string, judged: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  const moved = await readFile(aside, "utf8");
  try {
    if (moved !== judged) await link(aside, path);
  } finally {
    await rm(aside, { force: true });
  }
}

/** A pid alone says little: after a restart of the machine, or in a container, another process may have it. */
function livingOwner(text: string): number | null {
  const parsed = owner.safeParse(readJson(text));
  if (!parsed.success) return null;
  const { pid, started } = parsed.data;
  if (pid === process.pid) return null;
  return isAlive(pid) && startOf(pid) === started ? pid : null;
}

/** A zombie is dead: it holds nothing, and waits to be reaped, which in a container perhaps nobody does. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !["Z", "X"].includes(statOf(pid)[0] ?? "");
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

/** When a process started, in the kernel's ticks; the same empty text for all where there is no /proc. */
function startOf(pid: number): string {
  return statOf(pid)[19] ?? "";
}

/** The kernel's line on a process, from its state on: the name before it may hold spaces. None where there is no /proc. */
function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch (error) {
    if (error instanceof Error) return [];
    throw error;
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null; // its writer died between creating and writing it
    throw error;
  }
}

function inUse(path: string, pid: number | null): UserFault {
  const who = pid === null ? "another process" : `process ${pid}`;
  return new UserFault([
    {
      at: { where: path },
      what: `The data folder is in use by ${who}.`,
      fix: "Stop it, or give another folder with --data.",
    },
  ]);
}

function absentIsEmpty(error: unknown): string {
  if (hasCode(error, "ENOENT")) return "";
  throw error;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
