// Follows a run until every enrollment is final or held, by the rows alone. What it shows is what the page shows: the saved sums.
// Only the end is asked of the headers themselves.
import { addPhases } from "../../../shared/domain/header.ts";
import type { WaveProgress } from "../../../shared/domain/progress.ts";
import { pendingOf } from "../../../shared/domain/progress.ts";
import { measureRollout } from "../../../shared/pipeline/measure-progress.ts";
import { Unavailable } from "../../../shared/ports/errors.ts";
import type { InstanceCounts } from "./instance-counts.ts";
import type { RunState } from "./live-status.ts";
import type { Session } from "./session.ts";

const POLL_MS = 300;
/** A look must not be felt by those who do the work. */
const LOOK_SHARE = 20;

export interface Watching {
  readonly graceDays: number;
  readonly counts: InstanceCounts;
  readonly onState: (state: RunState) => void;
  readonly isEnding: () => boolean;
}

/** @throws the reason, when a part that must live has died */
export async function watchRun(session: Session, watching: Watching): Promise<void> {
  await untilFailure(session, follow(session, watching));
}

/** Nothing goes on without the part that has died. */
export async function untilFailure({ failed }: Session, work: Promise<void>): Promise<void> {
  const failure = await Promise.race([work.then(() => null), failed]);
  if (failure !== null) throw failure;
}

async function follow(session: Session, watching: Watching): Promise<void> {
  while (!watching.isEnding()) {
    const began = performance.now();
    const state = await look(session, watching.graceDays);
    await watching.counts.look(session.supervisor);
    if (state !== null) {
      watching.onState(state);
      if (isDone(state.progress) && (await isDoneInTruth(session))) return;
    }
    await pause(Math.max(POLL_MS, (performance.now() - began) * LOOK_SHARE));
  }
}

/** Null: the tables do not answer just now, as with faults they may not. */
async function look({ deps, supervisor, rollout }: Session, graceDays: number): Promise<RunState | null> {
  try {
    const [view, { value: control }] = await Promise.all([deps.rollouts.read(rollout), deps.control.readControl()]);
    if (view === null) throw new Error(`rollout ${rollout} is not there`);
    const waves = view.waves.map(({ value }) => value);
    const progress = waves.flatMap(({ id }) => view.progress.filter(({ wave }) => wave === id));
    return { rollout, waves, progress, control, graceDays, now: supervisor.now() };
  } catch (error) {
    if (error instanceof Unavailable) return null;
    throw error;
  }
}

function isDone(progress: readonly WaveProgress[]): boolean {
  return pendingOf(addPhases(progress.map((wave) => wave.phases))) === 0;
}

async function isDoneInTruth({ deps, rollout }: Session): Promise<boolean> {
  try {
    return isDone(await measureRollout(deps, rollout));
  } catch (error) {
    if (error instanceof Unavailable) return false;
    throw error;
  }
}

export async function untilEnding(isEnding: () => boolean): Promise<void> {
  while (!isEnding()) await pause(POLL_MS);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
