// Sums of the headers, one row a wave, written only when they changed: what the page and the terminal read.
import { measureWave, sameProgress } from "../domain/progress.ts";
import type { WaveProgress } from "../domain/progress.ts";
import type { BatchStore } from "../ports/batch-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControlStore } from "../ports/control-store.ts";
import { Unavailable } from "../ports/errors.ts";
import type { Log } from "../ports/log.ts";
import type { RolloutStore, RolloutView } from "../ports/rollout-store.ts";
import { listWaveHeaders } from "./list-headers.ts";

export interface ProgressDeps {
  readonly control: ControlStore;
  readonly rollouts: RolloutStore;
  readonly batches: BatchStore;
  readonly clock: Clock;
  readonly log: Log;
}

export async function measureProgress(
  deps: ProgressDeps,
): Promise<{ readonly waves: number; readonly written: number }> {
  try {
    const { value: control } = await deps.control.readControl();
    let waves = 0;
    let written = 0;
    for (const { id } of control.rollouts) {
      const view = await deps.rollouts.read(id);
      if (view === null) continue;
      const measured = await measureWaves(deps, view);
      const changed = measured.filter((wave) => !view.progress.some((other) => sameProgress(wave, other)));
      for (const wave of changed) await deps.rollouts.saveProgress(id, wave, deps.clock.now());
      waves += measured.length;
      written += changed.length;
    }
    return { waves, written };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    deps.log.warn("progress put off: a service is down", { service: error.service });
    return { waves: 0, written: 0 };
  }
}

export async function measureRollout(
  deps: Pick<ProgressDeps, "rollouts" | "batches">,
  rollout: string,
): Promise<readonly WaveProgress[]> {
  const view = await deps.rollouts.read(rollout);
  return view === null ? [] : measureWaves(deps, view);
}

async function measureWaves(
  { batches }: Pick<ProgressDeps, "batches">,
  { rollout, waves }: RolloutView,
): Promise<readonly WaveProgress[]> {
  const measured: WaveProgress[] = [];
  for (const { value: wave } of waves) {
    const headers = await listWaveHeaders(batches, rollout.value.id, wave);
    measured.push(
      measureWave(
        wave.id,
        headers.map(({ header }) => header),
      ),
    );
  }
  return measured;
}
