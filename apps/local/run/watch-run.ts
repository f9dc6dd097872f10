// Follows a run until every enrollment is final or held, by the rows alone.
import { addPhases } from "../../../shared/domain/header.ts";
import { pendingOf } from "../../../shared/domain/progress.ts";
import { measureWaves } from "../../../shared/pipeline/measure-progress.ts";
import type { InstanceCounts } from "./instance-counts.ts";
import type { RunState } from "./live-status.ts";
import type { Session } from "./session.ts";

const POLL_MS = 300;
/** A look reads the headers of the whole rollout: it must not be felt by those who do the work. */
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

async function follow({ deps, supervisor, rollout }: Session, watching: Watching): Promise<void> {
  while (!watching.isEnding()) {
    const began = performance.now();
    const [view, { value: control }] = await Promise.all([deps.rollouts.read(rollout), deps.control.readControl()]);
    if (view === null) throw new Error(`rollout ${rollout} is not there`);
    const progress = await measureWaves(deps, view);
    await watching.counts.look(supervisor);
    const waves = view.waves.map(({ value }) => value);
    watching.onState({ waves, progress, control, graceDays: watching.graceDays, now: supervisor.now() });
    if (pendingOf(addPhases(progress.map((wave) => wave.phases))) === 0) return;
    await pause(Math.max(POLL_MS, (performance.now() - began) * LOOK_SHARE));
  }
}

export async function untilEnding(isEnding: () => boolean): Promise<void> {
  while (!isEnding()) await pause(POLL_MS);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
