// What somebody else puts into a queue: set aside with its reason where an operator sees it, and no user is harmed by it.
import { ServiceBusClient } from "@azure/service-bus";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runFlagsOf } from "../../apps/local/run/flags.ts";
import { readInputs } from "../../apps/local/run/inputs.ts";
import { InstanceCounts } from "../../apps/local/run/instance-counts.ts";
import type { Session } from "../../apps/local/run/session.ts";
import { openSession } from "../../apps/local/run/session.ts";
import { readDeadLetters, summarizeRun } from "../../apps/local/run/summary.ts";
import { watchRun } from "../../apps/local/run/watch-run.ts";
import { judgeRun } from "../../apps/local/run/witness.ts";
import { until } from "../integration/until.ts";
import { sampleSpecWith } from "../support/sample-spec.ts";

const folder = mkdtempSync(join(tmpdir(), "mfa-e2e-"));
const SPEC = join(folder, "rollout.yaml");
const GRACE_DAYS = 2;
const A_WEEK = sampleSpecWith({
  "start: 2026-03-09T08:00": "start: 2026-03-03T08:00",
  "start: 2026-03-16T08:00": "start: 2026-03-04T08:00",
  "soakDays: 3": "soakDays: 0",
  "graceDays: 14": `graceDays: ${String(GRACE_DAYS)}`,
  "leastNoticeDays: 7": "leastNoticeDays: 1",
  "waitDays: 14": "waitDays: 1",
});
const programsDir = join(import.meta.dirname, "../../dist/local");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function openSmallRun(): Promise<Session> {
  writeFileSync(SPEC, A_WEEK);
  const flags = runFlagsOf("--users", "8", "--seed", "2", "--spec", SPEC);
  const inputs = readInputs(flags);
  return openSession({ flags, inputs, dataDir: join(folder, "data"), programsDir, say: () => undefined });
}

async function send(session: Session, queue: string, bodies: readonly unknown[]): Promise<void> {
  const client = new ServiceBusClient(session.supervisor.addresses.broker.connectionString);
  const sender = client.createSender(queue);
  for (const body of bodies) await sender.sendMessages({ body });
  await client.close();
}

describe("messages that are not ours", () => {
  it("an unknown version, a strange shape, another tenant's and one in the wrong queue are recorded, and everybody ends well", async () => {
    const session = await openSmallRun();
    try {
      const { deps, rollout } = session;
      const nudge = { v: 1, tenant: deps.tenant, rollout, wave: "pilot", batch: 0, step: "enforce" };
      await send(session, "mfa-enable", [{ ...nudge, v: 2 }, "no JSON at all", 42, { ...nudge, extra: "\u001b[31m" }]);
      await send(session, "mfa-notify", [{ ...nudge, step: "enforce" }]);
      await send(session, "mfa-enforce", [
        { ...nudge, tenant: "somebody-else" },
        { ...nudge, batch: 99_999 },
      ]);
      await session.begin();
      const letters = await until(
        "all are set aside",
        () => readDeadLetters(deps, rollout),
        (found) => found.length >= 6,
        30_000,
      );
      const counts = new InstanceCounts();
      await watchRun(session, { graceDays: GRACE_DAYS, counts, onState: () => undefined, isEnding: () => false });
      const verdict = await judgeRun(session);
      const summary = await summarizeRun({ session, counts, verdict, wallMs: 0, virtualMs: 0 });

      expect(letters.every(({ reason }) => reason.startsWith("malformed: "))).toBe(true);
      const reasons = letters.map(({ reason }) => reason).join("\n");
      expect(reasons).toContain("another tenant");
      expect(reasons).toContain("its step is enforce, and it stands in the queue mfa-notify");
      expect(summary.queue.deadLettered).toBe(6);
      expect(summary.outcome.pending + summary.outcome.failed).toBe(0);
      expect(verdict.violations).toEqual([]);
    } finally {
      await session.close();
    }
  });
});
