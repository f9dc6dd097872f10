// The supervisor's memory: offset, and when each timer last ran. One JSON line a change, forced to the disk before anybody
// is told of a jump, so that a supervisor that starts again never shows an instant before one that was already seen.
import {
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";

const VERSION = 1;

const timer = z.object({ schedule: z.string(), last: z.number().nullable(), next: z.number().nullable() });
const schema = z.object({
  v: z.literal(VERSION),
  seq: z.int().min(0),
  offset: z.int(),
  /** Wall clock at the writing: the wall may have been set back since. */
  wall: z.number(),
  timers: z.record(z.string(), timer),
});
export type Saved = Omit<z.infer<typeof schema>, "v">;
export type SavedTimer = z.infer<typeof timer>;

export interface ClockStore {
  readonly saved: Saved | null;
  /** Resolves once it is on the disk. */
  save(state: Saved): Promise<void>;
  close(): void;
}

const sync = promisify(fdatasync);

export function openClockStore(dataDir: string): ClockStore {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, "clock.log");
  const saved = existsSync(file) ? readLast(file) : null;
  // Starts with one line: the file grows by one a jump, and is short again at the next start.
  const partial = `${file}.partial`;
  const handle = openSync(partial, "w", 0o600);
  if (saved !== null) writeSync(handle, format(saved));
  fdatasyncSync(handle);
  renameSync(partial, file);
  return {
    saved,
    save: async (state) => {
      writeSync(handle, format(state));
      await sync(handle);
    },
    close: () => closeSync(handle),
  };
}

function format(state: Saved): string {
  return `${JSON.stringify({ v: VERSION, ...state })}\n`;
}

/** The last whole line; a torn one behind it was never acted upon, because its jump waits for the disk. */
function readLast(file: string): Saved | null {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  for (const line of lines.toReversed()) {
    const json = parseJson(line);
    if (json === undefined) continue;
    const version = z.object({ v: z.number() }).safeParse(json);
    if (version.success && version.data.v > VERSION) {
      throw new UserFault([
        {
          what: `was written by a newer version (format ${String(version.data.v)}).`,
          fix: "Use that version, or another --data folder.",
          at: { where: file },
        },
      ]);
    }
    const result = schema.safeParse(json);
    if (result.success) return result.data;
  }
  return null;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
