// One run of the kill test, from the start to the end of everybody, and what is compared of it.
import * as z from "zod";
import type { SupervisorEvent } from "../supervisor/options.ts";
import { runFlagsOf } from "./flags.ts";
import { readInputs } from "./inputs.ts";
import { InstanceCounts } from "./instance-counts.ts";
import type { Session } from "./session.ts";
import { openSession } from "./session.ts";
import { summarizeRun } from "./summary.ts";
import { watchRun } from "./watch-run.ts";
import type { Verdict } from "./witness.ts";
import { judgeRun, loadAll } from "./witness.ts";

export interface Ended {
  /** Object id → final phase. */
  readonly phases: ReadonlyMap<string, string>;
  readonly verdict: Verdict;
  readonly uncertain: number;
  /** Moves of virtual time to a look of the planner. */
  readonly looks: number;
  /** Messages that the broker handed out. */
  readonly received: number;
  readonly kills: number;
  /** Kills of an instance that had work under way. */
  readonly busyKills: number;
  readonly wallMs: number;
}

export interface Disturbance {
  begin(session: Session): void;
  onEvent(event: SupervisorEvent): void;
  end(): void;
  readonly kills: number;
  readonly busyKills: number;
}

export const INSTANCES = 2;
export const CALM: Disturbance = {
  begin: () => undefined,
  onEvent: () => undefined,
  end: () => undefined,
  kills: 0,
  busyKills: 0,
};

/** Where a run keeps its data, and where the built programs are. */
export interface Folders {
  readonly dataDir: string;
  readonly programsDir: string;
}

export interface RunAsk {
  readonly users: number;
  readonly seed: number;
}

const received = z.looseObject({ received: z.number() });

export async function readReceived({ supervisor }: Session): Promise<number> {
  const stats = received.safeParse(await supervisor.askBroker("stats"));
  return stats.success ? stats.data.received : 0;
}

export async function runOnce({ users, seed }: RunAsk, folders: Folders, disturbance: Disturbance): Promise<Ended> {
  const started = Date.now();
  const flags = runFlagsOf("--users", String(users), "--seed", String(seed), "--instances", String(INSTANCES));
  const inputs = readInputs(flags);
  let looks = 0;
  const observe = (event: SupervisorEvent): void => {
    if (event.kind === "jumped" && event.because === "planner") looks += 1;
    disturbance.onEvent(event);
  };
  const session = await openSession({ flags, inputs, ...folders, say: () => undefined, observe });
  try {
    await session.begin();
    disturbance.begin(session);
    const counts = new InstanceCounts();
    const { graceDays } = inputs.spec;
    await watchRun(session, { graceDays, counts, onState: () => undefined, isEnding: () => false });
    disturbance.end();
    const verdict = await judgeRun(session);
    const wallMs = Date.now() - started;
    const summary = await summarizeRun({ session, counts, verdict, wallMs, virtualMs: 0 });
    const phases = await readPhases(session);
    const { kills, busyKills } = disturbance;
    return {
      phases,
      verdict,
      uncertain: summary.notices.uncertain,
      looks,
      received: summary.queue.received,
      kills,
      busyKills,
      wallMs,
    };
  } finally {
    disturbance.end();
    await session.close();
  }
}

async function readPhases({ deps, rollout }: Session): Promise<ReadonlyMap<string, string>> {
  const phases = new Map<string, string>();
  for await (const batch of loadAll(deps, rollout))
    for (const { enrollment } of batch.rows) phases.set(enrollment.userId, enrollment.state.phase);
  return phases;
}
