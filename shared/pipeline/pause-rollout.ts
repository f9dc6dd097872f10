// An operator's stop and its end. A stop takes hold with the next guard, within seconds; nothing queued has to be called back.
import type { Stop } from "../domain/control.ts";
import { withoutStop, withStop } from "../domain/control.ts";
import type { RolloutId } from "../domain/names.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControlStore } from "../ports/control-store.ts";

export interface PauseAsk {
  readonly rollout: RolloutId;
  readonly wave: Stop["wave"];
  readonly by: string;
  readonly because: string;
}

interface PauseDeps {
  readonly control: ControlStore;
  readonly clock: Clock;
}

export async function pauseByPerson(deps: PauseDeps, { rollout, wave, by, because }: PauseAsk): Promise<void> {
  const at = deps.clock.now();
  await deps.control.updateControl((control) => withStop(control, rollout, { wave, by, because, at }));
}

export async function resumeByPerson(deps: PauseDeps, { rollout, wave, by }: Omit<PauseAsk, "because">): Promise<void> {
  await deps.control.updateControl((control) => withoutStop(control, rollout, { wave, by }));
}
