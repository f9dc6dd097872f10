// A rename is in its folder, and a folder is on the disk only when it is told: else a power cut may bring the old file back.
import { closeSync, fsyncSync, openSync } from "node:fs";

export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
