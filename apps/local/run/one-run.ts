// One run of the kill test, from the start to the end of everybody, and what is compared of it.
import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import type { Supervisor, SupervisorEvent } from "../supervisor/options.ts";
import { runFlagsOf } from "./flags.ts";
import { readInputs } from "./inputs.ts";
import { InstanceCounts } from "./instance-counts.ts";
import { openSession } from "./session.ts";
import { summarizeRun } from "./summary.ts";
import { watchRun } from "./watch-run.ts";
import type { Verdict } from "./witness.ts";
import { judgeRun, readPhases } from "./witness.ts";

export interface Ended {
  /** Object id → final phase. */
  readonly phases: ReadonlyMap<string, string>;
  readonly verdict: Verdict;
  readonly uncertain: number;
  /** Moves of virtual time to a look of the planner. */
  readonly looks: number;
  /** Messages that the broker handed out. */
  readonly received: number;
  readonly wallMs: number;
}

export interface Killed extends Ended {
  readonly kills: number;
  /** Kills that met work under way. */
  readonly busyKills: number;
}

/** How far a run is. */
export interface Progress {
  readonly looks: number;
  readonly received: number;
  readonly supervisor: Supervisor;
  /** Aborted once everybody is final. */
  readonly over: AbortSignal;
}

export const INSTANCES = 2;
/** Handlers are short: whoever wants to meet one has to look often. */
const LOOK_MS = 3;

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

/** @param onProgress is told of each look of the planner, and how far it is every few milliseconds */
export async function runOnce(
  { users, seed }: RunAsk,
  folders: Folders,
  onProgress: ((progress: Progress) => void) | null = null,
): Promise<Ended> {
  const started = Date.now();
  const flags = runFlagsOf("--users", String(users), "--seed", String(seed), "--instances", String(INSTANCES));
  const inputs = readInputs(flags);
  const follower = new Follower(onProgress);
  const observe = (event: SupervisorEvent): void => follower.onEvent(event);
  const session = await openSession({ flags, inputs, ...folders, say: () => undefined, observe });
  try {
    await session.begin();
    follower.begin(session.supervisor);
    const counts = new InstanceCounts();
    const { graceDays } = inputs.spec;
    await watchRun(session, { graceDays, counts, onState: () => undefined, isEnding: () => false });
    follower.end();
    const verdict = await judgeRun(session);
    const wallMs = Date.now() - started;
    const summary = await summarizeRun({ session, counts, verdict, wallMs, virtualMs: 0 });
    return {
      phases: await readPhases(session),
      verdict,
      uncertain: summary.notices.uncertain,
      looks: follower.looks,
      received: summary.queue.received,
      wallMs,
    };
  } finally {
    follower.end();
    await session.close();
  }
}

/** Counts the looks of a run, and tells how far it is while time runs. */
class Follower {
  looks = 0;
  #received = 0;
  #supervisor: Supervisor | null = null;
  readonly #over = new AbortController();
  readonly #tell: ((progress: Progress) => void) | null;

  constructor(tell: ((progress: Progress) => void) | null) {
    this.#tell = tell;
  }

  onEvent(event: SupervisorEvent): void {
    if (event.kind !== "jumped" || event.because !== "planner") return;
    this.looks += 1;
    this.#report();
  }

  begin(supervisor: Supervisor): void {
    this.#supervisor = supervisor;
    if (this.#tell !== null) void this.#follow(supervisor);
  }

  end(): void {
    this.#over.abort();
  }

  async #follow(supervisor: Supervisor): Promise<void> {
    while (!this.#over.signal.aborted) {
      const stats = received.safeParse(await supervisor.askBroker("stats"));
      if (stats.success) this.#received = stats.data.received;
      this.#report();
      await wait(LOOK_MS);
    }
  }

  #report(): void {
    const supervisor = this.#supervisor;
    if (supervisor === null || this.#over.signal.aborted) return;
    this.#tell?.({ looks: this.looks, received: this.#received, supervisor, over: this.#over.signal });
  }
}
