// Starts processes that run seeds, and reads what they say.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { SeedsAsk } from "./run-seeds.ts";
import type { SeedLine } from "./seed-line.ts";
import { seedLine } from "./seed-line.ts";

/** @throws when the process crashed: a bug of the simulation, or of what it runs */
export async function runProcess(
  program: string,
  ask: SeedsAsk,
  onLine: (line: SeedLine) => void,
  signal?: AbortSignal,
): Promise<void> {
  const child = spawn(process.execPath, ["--enable-source-maps", program, JSON.stringify(ask)], {
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal === undefined ? {} : { signal }),
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (text) => {
    const json: unknown = JSON.parse(text);
    onLine(seedLine.parse(json));
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", (error) => (signal?.aborted === true ? resolve(0) : reject(error)));
    child.on("close", resolve);
  });
  const code = await ended;
  if (code !== 0 && signal?.aborted !== true)
    throw new Error(`the process of seeds from ${ask.firstSeed} ended with ${code}:\n${errors}`);
}

/** The seeds of a range over some processes. */
export async function runRange(
  program: string,
  processes: number,
  ask: Omit<SeedsAsk, "stride">,
  onLine: (line: SeedLine) => void,
): Promise<void> {
  const count = Math.min(processes, ask.lastSeed - ask.firstSeed + 1);
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      runProcess(program, { ...ask, firstSeed: ask.firstSeed + index, stride: count }, onLine),
    ),
  );
}
