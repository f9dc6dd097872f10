// The two runs that the kill test compares: one left alone, one whose instances are killed while they work.
import * as z from "zod";
import type { SupervisorEvent } from "../supervisor/options.ts";
import { chance } from "../tenant/chance.ts";
import { runFlagsOf } from "./flags.ts";
import { readInputs } from "./inputs.ts";
import { InstanceCounts } from "./instance-counts.ts";
import type { KillFlags } from "./kill-flags.ts";
import { formatInstant } from "./live-status.ts";
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

interface Disturbance {
  begin(session: Session): void;
  onEvent(event: SupervisorEvent): void;
  end(): void;
  readonly kills: number;
  readonly busyKills: number;
}

const INSTANCES = 2;
/** Past the start of what has become due, and often before its end. */
const KILL_DELAY_MAX_MS = 30;
const LOOK_MS = 5;
/** The last part of a run waits for the last few users: kills belong where there is work. */
const KILLED_PART = 0.8;

const CALM: Disturbance = {
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

export function runUndisturbed(flags: KillFlags, folders: Folders): Promise<Ended> {
  return runOnce(flags, folders, CALM);
}

export function runDisturbed(
  flags: KillFlags,
  folders: Folders,
  calm: Ended,
  say: (line: string) => void,
): Promise<Ended> {
  return runOnce(flags, folders, new Killer(flags, calm, say));
}

/**
 * Kills at moments that a seed picks, spread over the part of the run that has work: every other one by the messages received, so that
 * it meets a handler, the rest by the planner's looks, so that it meets the planner between its ledger and its sending.
 */
class Killer implements Disturbance {
  kills = 0;
  busyKills = 0;
  #looks = 0;
  #received = 0;
  #session: Session | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isKilling = false;
  readonly #moments: readonly { readonly by: "messages" | "looks"; readonly at: number }[];
  readonly #flags: KillFlags;
  readonly #say: (line: string) => void;

  constructor(flags: KillFlags, { looks, received }: Ended, say: (line: string) => void) {
    const { kills, seed } = flags;
    this.#moments = Array.from({ length: kills }, (_, kill) => {
      const part = ((kill + chance(seed, `kill/${kill}`)) / kills) * KILLED_PART;
      return kill % 2 === 0 ? { by: "messages", at: part * received } : { by: "looks", at: part * looks };
    });
    this.#flags = flags;
    this.#say = say;
  }

  begin(session: Session): void {
    this.#session = session;
    this.#timer = setTimeout(() => void this.#look(session), LOOK_MS);
  }

  onEvent(event: SupervisorEvent): void {
    if (event.kind !== "jumped" || event.because !== "planner") return;
    this.#looks += 1;
    this.#tryKill();
  }

  end(): void {
    this.#session = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(session: Session): Promise<void> {
    this.#received = await readReceived(session);
    if (this.#session === null) return;
    this.#tryKill();
    this.#timer = setTimeout(() => void this.#look(session), LOOK_MS);
  }

  #tryKill(): void {
    const moment = this.#moments[this.kills];
    if (moment === undefined || this.#isKilling) return;
    if ((moment.by === "messages" ? this.#received : this.#looks) <= moment.at) return;
    this.#isKilling = true;
    const delayMs = chance(this.#flags.seed, `delay/${this.kills}`) * KILL_DELAY_MAX_MS;
    setTimeout(() => this.#kill(moment.by), delayMs);
  }

  #kill(by: string): void {
    this.#isKilling = false;
    if (this.#session === null) return;
    const { supervisor } = this.#session;
    const fallback = Math.floor(chance(this.#flags.seed, `instance/${this.kills}`) * INSTANCES);
    const instance = supervisor.busyInstances()[0] ?? fallback;
    const met = supervisor.killInstance(instance);
    if (met === "dead") return; // the next moment tries again
    this.kills += 1;
    if (met === "busy") this.busyKills += 1;
    this.#say(`kill ${this.kills} by ${by}: instance ${instance}, ${met}, at ${formatInstant(supervisor.now())}`);
  }
}

const received = z.looseObject({ received: z.number() });

async function readReceived({ supervisor }: Session): Promise<number> {
  const stats = received.safeParse(await supervisor.askBroker("stats"));
  return stats.success ? stats.data.received : 0;
}

async function runOnce({ users, seed }: KillFlags, folders: Folders, disturbance: Disturbance): Promise<Ended> {
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
