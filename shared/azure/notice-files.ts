// Notices' words from a folder of the disk: the package's own, or a customer's. Read when asked, never at import.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NoticeFiles } from "../ports/notice-files.ts";

/** A folder that is not there holds nothing: the bundle without templates is found out by `loadNotices`. */
export function noticeFolder(directory: string): NoticeFiles {
  return {
    async readText(path) {
      return unlessMissing(readFile(join(directory, path), "utf8"), undefined);
    },
    async list(folder) {
      return [...(await unlessMissing(readdir(join(directory, folder)), []))].sort();
    },
  };
}

async function unlessMissing<Value, Fallback>(reading: Promise<Value>, fallback: Fallback): Promise<Value | Fallback> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return fallback;
    throw error;
  }
}
