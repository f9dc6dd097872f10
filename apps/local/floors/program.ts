// A built program of the embedded runtime as a process of its own, as a person would start it.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const START_MS = 30_000;

export interface Program {
  readonly pid: number;
  /** What it said until it was ready. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** @param name of a program beside the one that runs, as in "broker.js" */
export function besideThis(name: string): string {
  return join(dirname(process.argv[1] ?? ""), name);
}

export async function startProgram(
  path: string,
  args: readonly string[],
  isReady: (line: string) => boolean,
): Promise<Program> {
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  const late = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (!isReady(line)) continue;
    clearTimeout(late);
    return { pid: child.pid ?? 0, lines, stop };
  }
  clearTimeout(late);
  throw new Error(`${path} ended before it was ready`);
}
