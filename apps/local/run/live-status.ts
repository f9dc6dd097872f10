// The terminal's view of a run: where each wave is, what rests, until when it will take. One line that replaces itself on a terminal,
// one line a change elsewhere.
import type { Control } from "../../../shared/domain/control.ts";
import { SERVICES } from "../../../shared/domain/control.ts";
import { addPhases } from "../../../shared/domain/header.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { WaveProgress } from "../../../shared/domain/progress.ts";
import { pendingOf } from "../../../shared/domain/progress.ts";
import type { Wave } from "../../../shared/domain/rollout.ts";

export interface RunState {
  readonly waves: readonly Wave[];
  readonly progress: readonly WaveProgress[];
  readonly control: Control;
  readonly graceDays: number;
  readonly now: Instant;
}

/** Without the virtual time, so that a state is shown once and not once a minute. */
export function describeState({ waves, progress, control, graceDays, now }: RunState): string {
  const phases = addPhases(progress.map((wave) => wave.phases));
  const users = Object.values(phases).reduce((sum, count) => sum + count, 0);
  const parts = [
    `${users - pendingOf(phases)} of ${users} final`,
    ...progress.map((wave) =>
      describeWave(
        wave,
        waves.find(({ id }) => id === wave.wave),
      ),
    ),
  ];
  const rests = SERVICES.filter((service) => control.notBefore[service] > now);
  if (rests.length > 0) parts.push(`throttled: ${rests.join(", ")}`);
  const end = lastDeadline(waves, progress, graceDays, now);
  if (end !== null) parts.push(`last deadline about ${new Date(end).toISOString().slice(0, 10)}`);
  return parts.join(" · ");
}

export function formatInstant(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")}Z`;
}

function describeWave({ wave, phases }: WaveProgress, stored: Wave | undefined): string {
  if (stored?.status === "planned") return `${wave} from ${new Date(stored.startAt).toISOString().slice(5, 10)}`;
  const shown = Object.entries(phases).filter(([, count]) => count > 0);
  return `${wave} ${shown.map(([phase, count]) => `${count} ${phase}`).join(", ")}`;
}

/** An estimate: a wave that has not begun begins on its day, and everybody is told on that day. */
function lastDeadline(
  waves: readonly Wave[],
  progress: readonly WaveProgress[],
  graceDays: number,
  now: Instant,
): Instant | null {
  const open = waves.filter(({ id }) => progress.some(({ wave, phases }) => wave === id && pendingOf(phases) > 0));
  if (open.length === 0) return null;
  return Math.max(
    ...open.map((wave) => (wave.launchedAt > 0 ? wave.launchedAt : Math.max(wave.startAt, now)) + graceDays * DAY_MS),
  );
}
