// Process entry of one peer: a program as people write it by hand. It tells what it believes; the tenant tells what is true.
import type { Client } from "@microsoft/microsoft-graph-client";
import { z } from "zod";
import { openClient } from "./peer-client.ts";
import type { PeerAnswer } from "./peer-protocol.ts";
import { peerAsk } from "./peer-protocol.ts";

/** The most that `$batch` takes (Microsoft Learn: JSON batching). */
const STEPS = 20;
const ENABLED = { perUserMfaState: "enabled" };
const responses = z.object({ responses: z.array(z.object({ id: z.string(), status: z.number() })) });

process.once("message", (raw) => {
  void work(raw).then((answer) => process.send?.(answer, undefined, undefined, () => process.exit(0)));
});
process.once("disconnect", () => process.exit(1));

async function work(raw: unknown): Promise<PeerAnswer> {
  const ask = peerAsk.parse(raw);
  const client = openClient(ask);
  const failed =
    ask.way.kind === "single"
      ? await oneByOne(client, ask.users, ask.way.inFlight)
      : await inBatches(client, ask.users, ask.way.isRead);
  return { failed, maxRssBytes: process.resourceUsage().maxRSS * 1_024 };
}

async function oneByOne(client: Client, users: readonly string[], inFlight: number): Promise<string[]> {
  const failed: string[] = [];
  const limited = limit(inFlight);
  const enable = async (id: string): Promise<void> => {
    try {
      await client.api(`/users/${id}/authentication/requirements`).version("beta").patch(ENABLED);
    } catch {
      failed.push(id); // as the program would log it
    }
  };
  // As everybody writes it: all promises at once, the limiter lets so many run.
  await Promise.all(users.map((id) => limited(() => enable(id))));
  return failed;
}

/** What the package p-limit does. */
function limit(most: number): (work: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

/** One envelope after the other. The retry handler sees the envelope's status only, which is 200 whatever its steps say. */
async function inBatches(client: Client, users: readonly string[], isRead: boolean): Promise<string[]> {
  const failed: string[] = [];
  for (let from = 0; from < users.length; from += STEPS) {
    const part = users.slice(from, from + STEPS);
    const requests = part.map((id, index) => ({
      id: String(index),
      method: "PATCH",
      url: `/users/${id}/authentication/requirements`,
      headers: { "Content-Type": "application/json" },
      body: ENABLED,
    }));
    try {
      const answer: unknown = await client.api("/$batch").version("beta").post({ requests });
      if (isRead) failed.push(...refusedOf(part, answer));
    } catch {
      failed.push(...part); // as the program would log it
    }
  }
  return failed;
}

function refusedOf(users: readonly string[], answer: unknown): string[] {
  const parsed = responses.safeParse(answer);
  const done = parsed.success ? parsed.data.responses.filter(({ status }) => status < 300) : [];
  const ids = new Set(done.map(({ id }) => id));
  return users.filter((_, index) => !ids.has(String(index)));
}
