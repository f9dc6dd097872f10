// How many steps of `$batch` the tenant answers a second, as a process of its own with everything it writes synced to the disk.
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { generateUsers } from "../tenant/generate.ts";
import type { Floor } from "./floor.ts";
import type { Program } from "./program.ts";
import { besideThis, startProgram } from "./program.ts";

const FLOOR = 2_000;
const PEOPLE = 2_000;
const SEED = 1;
const STEPS = 20;
const IN_FLIGHT = 8;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 5_000;

interface Running {
  readonly program: Program;
  readonly url: string;
  readonly reader: string;
  readonly enforcer: string;
}

/** Reads and writes of MFA states in turn, as a wave makes them. */
export async function measureTenantFloor(say: (line: string) => void): Promise<readonly Floor[]> {
  const dataDir = await mkdtemp(join(tmpdir(), "tenant-floor-"));
  const running = await startTenant(dataDir);
  try {
    const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
    const bodies = prepare();
    await pump(running, agent, bodies, WARM_UP_MS);
    const began = performance.now();
    const steps = await pump(running, agent, bodies, MEASURED_MS);
    const measured = Math.round((steps * 1_000) / (performance.now() - began));
    agent.destroy();
    say(
      `tenant: ${measured} steps a second of $batch, ${IN_FLIGHT} envelopes of ${STEPS} in flight, each write synced`,
    );
    const name = "tenant: steps of $batch, MFA states read and written";
    return [{ name, floor: FLOOR, measured, unit: "steps/s", isReached: measured >= FLOOR }];
  } finally {
    await running.program.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function startTenant(dataDir: string): Promise<Running> {
  const args = ["--users", String(PEOPLE), "--seed", String(SEED), "--quota", "off", "--data", dataDir];
  const program = await startProgram(besideThis("tenant.js"), args, (line) => line.startsWith("Ctrl-C"));
  const told = program.lines.join("\n");
  const find = (name: string): string => new RegExp(`^${name} +(\\S+)`, "mu").exec(told)?.[1] ?? "";
  const token = async (name: string): Promise<string> => {
    const query = new URLSearchParams({ resource: "https://graph.microsoft.com", client_id: find(name) });
    const answer = await fetch(`${find("IDENTITY_ENDPOINT")}?${query.toString()}`, {
      headers: { "x-identity-header": find("IDENTITY_HEADER") },
    });
    return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
  };
  return { program, url: find("Graph"), reader: await token("reader"), enforcer: await token("enforcer") };
}

interface Body {
  readonly isWrite: boolean;
  readonly bytes: Buffer;
}

/** Each batch of people is read, enabled, read and disabled: no write repeats the state that is there. */
function prepare(): readonly Body[] {
  const users = generateUsers({ count: PEOPLE, seed: SEED });
  const bodies: Body[] = [];
  for (const state of ["enabled", "disabled"]) {
    for (let from = 0; from + STEPS <= users.length; from += STEPS) {
      const urls = users.slice(from, from + STEPS).map(({ id }) => `/users/${id}/authentication/requirements`);
      bodies.push(batch(urls.map((url) => ({ method: "GET", url }))));
      const headers = { "Content-Type": "application/json" };
      bodies.push(batch(urls.map((url) => ({ method: "PATCH", url, headers, body: { perUserMfaState: state } }))));
    }
  }
  return bodies;
}

function batch(steps: readonly { readonly method: string }[]): Body {
  const requests = steps.map((step, index) => ({ id: String(index + 1), ...step }));
  return { isWrite: steps[0]?.method === "PATCH", bytes: Buffer.from(JSON.stringify({ requests })) };
}

/** @returns how many steps were answered within the time */
async function pump(running: Running, agent: Agent, bodies: readonly Body[], ms: number): Promise<number> {
  const end = performance.now() + ms;
  let [next, steps] = [0, 0];
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const body = bodies[next++ % bodies.length];
      if (body === undefined) return;
      steps += await send(running, agent, body);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return steps;
}

const answers = z.object({ responses: z.array(z.object({ status: z.int() })).length(STEPS) });

async function send({ url, reader, enforcer }: Running, agent: Agent, { isWrite, bytes }: Body): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${isWrite ? enforcer : reader}`,
      "content-type": "application/json",
      "content-length": bytes.length,
    };
    const sent = request(`${url}/beta/$batch`, { method: "POST", agent, headers }, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (body += part));
      answer.on("end", () => resolve(body));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(bytes);
  });
  const { responses } = answers.parse(JSON.parse(text));
  const wrong = responses.find(({ status }) => status !== (isWrite ? 204 : 200));
  if (wrong !== undefined) throw new Error(`a step was answered ${wrong.status}`);
  return responses.length;
}
