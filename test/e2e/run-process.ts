// The built program as a person starts it, in a process group of its own as a terminal gives it.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { until } from "../integration/until.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface Run {
  readonly child: ChildProcess;
  /** Lines of stderr: what people read. */
  readonly lines: readonly string[];
  readonly stdout: () => string;
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  waitFor(line: RegExp, timeoutMs?: number): Promise<string>;
  /** To the whole group, as Ctrl-C and a service manager do. */
  signal(name: NodeJS.Signals): void;
}

const running = new Set<Run>();
const folders: string[] = [];

export function startRun(...args: readonly string[]): Run {
  const child = spawn(process.execPath, ["dist/local/main.js", ...args], {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let out = "";
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  child.stdout.on("data", (data: Buffer) => (out += data.toString("utf8")));
  const run: Run = {
    child,
    lines,
    stdout: () => out,
    ended: new Promise((resolve) => {
      child.on("close", (code, signal) => {
        running.delete(run);
        resolve(code ?? signal ?? "unknown");
      });
    }),
    waitFor: async (pattern, timeoutMs = 60_000) => {
      const find = (): string | undefined => lines.find((line) => pattern.test(line));
      const line = await until(`a line like ${String(pattern)}`, find, (found) => found !== undefined, timeoutMs);
      return line ?? "";
    },
    signal: (name) => {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    },
  };
  running.add(run);
  return run;
}

export function newDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "mfa-e2e-"));
  folders.push(folder);
  return join(folder, "data");
}

/** Nothing stays behind, whatever a test did. */
export async function endAll(): Promise<void> {
  for (const run of [...running]) {
    run.child.kill("SIGKILL");
    await run.ended;
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
