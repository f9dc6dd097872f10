// The broker's program as a process of its own, and what a client of it sends and finds.
import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ServiceBusClient } from "@azure/service-bus";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { buildEntry } from "../../support/build-entry.ts";
import { until } from "../until.ts";

let built = "";
let entry = "";

const STANDARD = ["--port", "0", "--queue", "work:2"];

interface Started {
  readonly seen: Run;
  readonly connection: string;
}

/** Builds the program before the tests of a file; to be called at its top. */
export function buildBroker(): void {
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), "broker-built-"));
    entry = await buildEntry("apps/local/broker/main.ts", built);
  });
  afterAll(() => rm(built, { recursive: true, force: true }));
}

export interface Run {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  code: number | null | undefined;
}

export function run(...args: string[]): Run {
  return watched(spawn(process.execPath, [entry, ...args], { stdio: ["ignore", "pipe", "pipe"] }));
}

/** No file of it may grow beyond so many blocks: the next write fails. */
function runLimited(fileBlocks: number, ...args: string[]): Run {
  const script = `ulimit -f ${String(fileBlocks)}; exec "$0" "$@"`;
  return watched(spawn("sh", ["-c", script, process.execPath, entry, ...args], { stdio: ["ignore", "pipe", "pipe"] }));
}

function watched(child: ChildProcessByStdio<null, Readable, Readable>): Run {
  const seen: Run = { child, stdout: "", stderr: "", code: undefined };
  child.stdout.on("data", (data: Buffer) => (seen.stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (seen.stderr += data.toString()));
  child.on("close", (code) => (seen.code = code));
  onTestFinished(() => void child.kill("SIGKILL"));
  return seen;
}

export async function started(...args: string[]): Promise<Started> {
  return whenStarted(run(...STANDARD, ...args));
}

export async function startedLimited(fileBlocks: number, ...args: string[]): Promise<Started> {
  return whenStarted(runLimited(fileBlocks, ...STANDARD, ...args));
}

async function whenStarted(seen: Run): Promise<Started> {
  await until(
    "the connection string",
    () => seen,
    ({ stdout, code }) => stdout.includes("\n") || code !== undefined,
  );
  expect(seen.stdout, seen.stderr).toMatch(/^Endpoint=sb:\/\/127\.0\.0\.1:\d+;.*UseDevelopmentEmulator=true;\n$/);
  return { seen, connection: seen.stdout.trim() };
}

export async function ended(seen: Run): Promise<number | null> {
  await until(
    "the end of the process",
    () => seen.code,
    (code) => code !== undefined,
  );
  return seen.code ?? null;
}

/** Exactly one line on stderr, and no stack trace. */
export async function expectRefusal(seen: Run, text: RegExp): Promise<void> {
  expect(await ended(seen)).toBe(2);
  expect(seen.stderr).toMatch(text);
  expect(seen.stderr.trim().split("\n")).toHaveLength(1);
  expect(seen.stdout).toBe("");
}

export async function send(connection: string, bodies: readonly string[]): Promise<void> {
  const client = new ServiceBusClient(connection);
  const sender = client.createSender("work");
  for (const body of bodies) await sender.sendMessages({ body });
  await client.close();
}

export async function peekAll(connection: string): Promise<Set<string>> {
  const client = new ServiceBusClient(connection);
  const receiver = client.createReceiver("work");
  const found = new Set<string>();
  for (;;) {
    const page = await receiver.peekMessages(500);
    for (const { body } of page) found.add(String(body));
    if (page.length === 0) break;
  }
  await client.close();
  return found;
}
