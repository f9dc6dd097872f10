// One run of a peer: a fresh tenant, the peer in a process of its own, then the tenant's account.
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import { SupervisedChild } from "../supervisor/child-process.ts";
import type { TenantChildSettings } from "../supervisor/tenant-settings.ts";
import { SAMPLE_BREAK_GLASS } from "../tenant/options.ts";
import type { BenchRun } from "./figures.ts";
import type { PeerName } from "./names.ts";
import type { BenchAsk } from "./one-run.ts";
import { FIRST_INSTANT, knobsOf, LATENCY_MS, peopleOf, runOf } from "./one-run.ts";
import type { PeerAnswer, PeerAsk, Way } from "./peer-protocol.ts";
import { peerAnswer } from "./peer-protocol.ts";
import { readStats, readWitness } from "./tenant-witness.ts";

const GRACE_MS = 10_000;
const TENANT_ID = deriveGuid("bench/tenant");
const WRITER = { clientId: deriveGuid("bench/writer"), roles: ["Policy.ReadWrite.AuthenticationMethod"] };
/** A process a user takes half a second to start: a sample says how it goes. */
const PROCESSES = 20;

const WAYS: Readonly<Record<PeerName, Way>> = {
  sequential: { kind: "single", inFlight: 1 },
  "p-limit-20": { kind: "single", inFlight: 20 },
  "p-limit-200": { kind: "single", inFlight: 200 },
  unbounded: { kind: "single", inFlight: Number.MAX_SAFE_INTEGER },
  "batch-unread": { kind: "batch", isRead: false },
  "batch-no-retry": { kind: "batch", isRead: true },
  "process-per-user": { kind: "single", inFlight: 1 },
};

export async function runPeer(name: PeerName, asked: BenchAsk): Promise<BenchRun> {
  const ask = name === "process-per-user" ? { ...asked, users: Math.min(asked.users, PROCESSES) } : asked;
  const users = peopleOf(ask).map(({ id }) => id);
  return withTenant(ask, async (tenant) => {
    const from = await readStats(tenant);
    const program = join(ask.programsDir, "bench-peer.js");
    const { url: graphUrl, token, clock } = tenant;
    const told = { way: WAYS[name], graphUrl, token, clock };
    const parts = name === "process-per-user" ? users.map((id) => [id]) : [users];
    const answers: PeerAnswer[] = [];
    for (const part of parts) answers.push(await runProcess(program, { ...told, users: part }));
    return runOf(
      name,
      {
        users,
        witnessed: await readWitness(tenant, users),
        notBelieved: new Set(answers.flatMap(({ failed }) => failed)),
        from,
        to: await readStats(tenant),
        maxRssBytes: Math.max(...answers.map(({ maxRssBytes }) => maxRssBytes)),
      },
      ask.quota,
    );
  });
}

interface OpenTenant {
  readonly url: string;
  readonly adminToken: string;
  readonly token: string;
  readonly clock: PeerAsk["clock"];
}

async function withTenant<T>(ask: BenchAsk, use: (tenant: OpenTenant) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), "mfa-bench-"));
  const [identityHeader, adminToken] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
  const rate = ask.quota.compress;
  const clock = { rate, offset: Date.parse(FIRST_INSTANT) - Date.now() * rate };
  const settings: TenantChildSettings = {
    dataDir,
    port: 0,
    users: peopleOf(ask),
    seed: ask.seed,
    faults: ask.faults,
    quota: "documented",
    latencyMs: { median: LATENCY_MS, sigma: 0 },
    tenantId: TENANT_ID,
    identityHeader,
    identities: [WRITER],
    senders: [],
    breakGlass: SAMPLE_BREAK_GLASS,
    adminToken,
    knobs: knobsOf(ask.quota),
  };
  const child = new SupervisedChild(
    {
      entry: join(ask.programsDir, "tenant-child.js"),
      role: "tenant",
      environment: process.env,
      onLine: ask.say,
      onHint: () => undefined,
      onDeath: () => undefined,
    },
    { seq: () => 0, offset: () => clock.offset, rate, settings },
  );
  try {
    const { info } = await child.ready;
    const url = info["url"] ?? "";
    const token = await tokenFrom(info["identityEndpoint"] ?? "", identityHeader);
    return await use({ url, adminToken, token, clock });
  } finally {
    await child.close(GRACE_MS);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function tokenFrom(endpoint: string, identityHeader: string): Promise<string> {
  const query = new URLSearchParams({ resource: "https://graph.microsoft.com", client_id: WRITER.clientId });
  const answer = await fetch(`${endpoint}?${query.toString()}`, { headers: { "x-identity-header": identityHeader } });
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
}

async function runProcess(program: string, ask: PeerAsk): Promise<PeerAnswer> {
  const child = fork(program, [], { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  try {
    return await new Promise((resolve, reject) => {
      child.once("message", (raw) => resolve(peerAnswer.parse(raw)));
      child.once("exit", (code, signal) =>
        reject(new Error(`the peer's process ended without an answer: ${signal ?? String(code)}`)),
      );
      child.send(ask);
    });
  } finally {
    child.kill("SIGKILL");
  }
}
