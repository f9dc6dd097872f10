// One rollout in the whole embedded runtime with the built app, and what the clock did in it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { runFlagsOf } from "../../../apps/local/run/flags.ts";
import { readInputs } from "../../../apps/local/run/inputs.ts";
import { InstanceCounts } from "../../../apps/local/run/instance-counts.ts";
import { openSession } from "../../../apps/local/run/session.ts";
import type { Session } from "../../../apps/local/run/session.ts";
import { watchRun } from "../../../apps/local/run/watch-run.ts";
import { judgeRun, readPhases } from "../../../apps/local/run/witness.ts";
import type { Verdict } from "../../../apps/local/run/witness.ts";
import type { Supervisor, SupervisorEvent } from "../../../apps/local/supervisor/options.ts";

export type Stamped = SupervisorEvent & {
  /** `performance.now()` when the supervisor told it. */
  readonly wall: number;
};

export interface WholeRun {
  readonly wallMs: number;
  readonly virtualMs: number;
  readonly events: readonly Stamped[];
  /** Of this process, which is the supervisor's, while the rollout ran. */
  readonly cpuMs: number;
  /** Object id → final phase. */
  readonly phases: ReadonlyMap<string, string>;
  readonly verdict: Verdict;
  /** Requests to the identity endpoint, from the first to the last of all processes. */
  readonly tokens: number;
  /** Messages that the broker handed out. */
  readonly received: number;
}

const count = z.looseObject({ tokens: z.number().default(0), received: z.number().default(0) });

/** @param onEvent is told each event after it is kept, once time runs */
export async function runWhole(
  args: readonly string[],
  onEvent: (event: Stamped, supervisor: Supervisor) => void = () => undefined,
): Promise<WholeRun> {
  const folder = mkdtempSync(join(tmpdir(), "whole-run-"));
  const flags = runFlagsOf(...args);
  const inputs = readInputs(flags);
  const events: Stamped[] = [];
  let session: Session | null = null;
  const observe = (event: SupervisorEvent): void => {
    const stamped = { ...event, wall: performance.now() };
    events.push(stamped);
    if (session !== null) onEvent(stamped, session.supervisor);
  };
  const programsDir = join(import.meta.dirname, "../../../dist/local");
  session = await openSession({ flags, inputs, dataDir: folder, programsDir, say: () => undefined, observe });
  try {
    const from = session.supervisor.now();
    await session.begin();
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    const watching = { graceDays: inputs.spec.graceDays, counts: new InstanceCounts() };
    await watchRun(session, { ...watching, onState: () => undefined, isEnding: () => false });
    const { user, system } = process.cpuUsage(cpu);
    return {
      wallMs: performance.now() - began,
      virtualMs: session.supervisor.now() - from,
      events,
      cpuMs: (user + system) / 1_000,
      phases: await readPhases(session),
      verdict: await judgeRun(session),
      tokens: count.parse(await session.supervisor.askTenant("stats")).tokens,
      received: count.parse(await session.supervisor.askBroker("stats")).received,
    };
  } finally {
    await session.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
