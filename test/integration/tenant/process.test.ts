// The tenant as a process of its own, killed under load: what it acknowledged is there afterwards.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import { generateUsers } from "../../../apps/local/tenant/generate.ts";
import { chance } from "../../../apps/local/chance.ts";
import { buildEntry } from "../../support/build-entry.ts";
import { until } from "../until.ts";

let built = "";
let entry = "";
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "tenant-built-"));
  entry = await buildEntry("apps/local/tenant/main.ts", built);
});
afterAll(() => rm(built, { recursive: true, force: true }));

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly admin: string;
  readonly sender: string;
  readonly tokens: { readonly enforcer: string; readonly notifier: string };
}
interface Output {
  stdout: string;
  stderr: string;
  code: number | string | null;
}

function run(dataDir: string): { child: ChildProcess; seen: Output } {
  const args = [entry, "--users", "60", "--seed", "4", "--quota", "off", "--senders", "1", "--data", dataDir];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const seen: Output = { stdout: "", stderr: "", code: null };
  child.stdout.on("data", (data: Buffer) => (seen.stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (seen.stderr += data.toString()));
  child.on("close", (code, signal) => (seen.code = code ?? signal));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, seen };
}

async function started(dataDir: string): Promise<Running> {
  const { child, seen } = run(dataDir);
  await until(
    "the start",
    () => seen,
    ({ stdout, code }) => stdout.includes("Ctrl-C") || code !== null,
    20_000,
  );
  const found = (pattern: RegExp): string => pattern.exec(seen.stdout)?.[1] ?? expect.fail(seen.stdout + seen.stderr);
  const [url, endpoint, header] = [/^Graph +(\S+)/mu, /^IDENTITY_ENDPOINT +(\S+)/mu, /^IDENTITY_HEADER +(\S+)/mu].map(
    found,
  );
  const token = async (name: string): Promise<string> => {
    const clientId = found(new RegExp(`^${name} +(\\S+)`, "mu"));
    const query = new URLSearchParams({ resource: "https://graph.microsoft.com", client_id: clientId });
    const answer = await fetch(`${endpoint ?? ""}?${query.toString()}`, {
      headers: { "x-identity-header": header ?? "" },
    });
    return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
  };
  return {
    child,
    url: url ?? "",
    admin: found(/Bearer (\w+)/u),
    sender: found(/^sender +(\S+)/mu),
    tokens: { enforcer: await token("enforcer"), notifier: await token("notifier") },
  };
}

/** What was acknowledged: writes by user, mails by their own number, registrations by user. */
interface Acknowledged {
  readonly writes: Map<string, number>;
  readonly mails: Set<string>;
  readonly registrations: Set<string>;
}

const users = generateUsers({ count: 60, seed: 4 });
const batchAnswer = z.object({ responses: z.array(z.object({ id: z.string(), status: z.number() })) });
const account = z.object({
  id: z.string(),
  writes: z.array(z.unknown()),
  mails: z.array(z.object({ enrollment: z.string() })),
  method: z.string().nullable(),
});

async function post(url: string, token: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(10_000) });
}

/** Works until the tenant is gone. */
async function load(running: Running, worker: number, ack: Acknowledged): Promise<void> {
  const { url, tokens, sender, admin } = running;
  const headers = { "content-type": "application/json" };
  try {
    for (let round = 0; ; round++) {
      const steps = users.slice(worker * 15, worker * 15 + 14).map(({ id }) => ({
        id,
        method: "PATCH",
        url: `/users/${id}/authentication/requirements`,
        headers,
        body: { perUserMfaState: round % 2 === 0 ? "enabled" : "disabled" },
      }));
      const answer = await post(`${url}/beta/$batch`, tokens.enforcer, { requests: steps });
      for (const { id, status } of batchAnswer.parse(await answer.json()).responses) {
        expect(status).toBe(204);
        ack.writes.set(id, (ack.writes.get(id) ?? 0) + 1);
      }
      const to = users[(worker * 15 + round) % users.length];
      const number = `${worker}-${round}`;
      const mail = {
        message: {
          subject: "MFA",
          body: { contentType: "Text", content: "" },
          toRecipients: [{ emailAddress: { address: to?.mail ?? "nobody@contoso.example" } }],
          internetMessageHeaders: [{ name: "x-mfa-enrollment", value: number }],
        },
      };
      const sent = await post(`${url}/v1.0/users/${sender}/sendMail`, tokens.notifier, mail);
      if (sent.status === 202 && to?.mail != null) ack.mails.add(number);
      const registered = users[worker * 15 + 14]?.id ?? "";
      if ((await post(`${url}/simulator/users/${registered}`, admin, { action: "register" })).ok) {
        ack.registrations.add(registered);
      }
    }
  } catch (error) {
    if (error instanceof Error && error.name === "AssertionError") throw error;
    // The tenant was killed: what was in flight then, nobody was told of.
  }
}

describe("tenant 36: killed under load", () => {
  it.each([1, 2, 3, 4])("has every acknowledged write, mail and registration (seed %i)", async (seed) => {
    const dataDir = await mkdtemp(join(tmpdir(), "tenant-data-"));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const first = await started(dataDir);
    const ack: Acknowledged = { writes: new Map(), mails: new Set(), registrations: new Set() };
    const workers = [0, 1, 2, 3].map((worker) => load(first, worker, ack));
    const enough = 3 + Math.floor(chance(seed, "kill") * 60);
    await until(
      "acknowledged mails",
      () => ack.mails.size,
      (mails) => mails >= enough,
    );
    first.child.kill("SIGKILL");
    await Promise.all(workers);

    const second = await started(dataDir);
    const answer = await fetch(`${second.url}/simulator/account`, {
      headers: { authorization: `Bearer ${second.admin}` },
    });
    const lines = (await answer.text()).trimEnd().split("\n").slice(0, -1);
    const accounts = new Map(lines.map((text) => account.parse(JSON.parse(text))).map((one) => [one.id, one]));
    const missing = [...ack.writes].filter(([id, count]) => (accounts.get(id)?.writes.length ?? 0) < count);
    expect(missing).toEqual([]);
    expect(ack.writes.size).toBe(56);
    const mails = new Set([...accounts.values()].flatMap((one) => one.mails.map(({ enrollment }) => enrollment)));
    expect([...ack.mails].filter((number) => !mails.has(number))).toEqual([]);
    expect([...ack.registrations].filter((id) => accounts.get(id)?.method !== "app")).toEqual([]);
    expect(ack.registrations.size).toBe(4);

    second.child.kill("SIGINT");
    await until(
      "the end",
      () => second.child.exitCode,
      (code) => code === 0,
    );
  });

  it("keeps a second process from the folder while it lives", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "tenant-data-"));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    await started(dataDir);
    const second = run(dataDir);
    await until(
      "the refusal",
      () => second.seen.code,
      (code) => code !== null,
    );
    expect(second.seen).toMatchObject({ code: 2, stdout: "" });
    expect(second.seen.stderr).toMatch(/broker\.lock: The data folder is in use by process \d+\. .*\n$/u);
  });
});
