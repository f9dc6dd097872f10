// The terminal's view of a run: how many are final, what rests, where everybody is, until when it will take, and where each wave is.
// In this order, because a narrow terminal shows only the first of it. The page shows the same measure in the same words.
import type { Control } from "../../../shared/domain/control.ts";
import { SERVICES } from "../../../shared/domain/control.ts";
import type { Phase } from "../../../shared/domain/enrollment.ts";
import { addPhases } from "../../../shared/domain/header.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { RolloutId } from "../../../shared/domain/names.ts";
import type { WaveProgress } from "../../../shared/domain/progress.ts";
import { pendingOf } from "../../../shared/domain/progress.ts";
import type { Wave } from "../../../shared/domain/rollout.ts";
import { ITEM, PART } from "./terminal.ts";

export interface RunState {
  readonly rollout: RolloutId;
  readonly waves: readonly Wave[];
  readonly progress: readonly WaveProgress[];
  readonly control: Control;
  readonly graceDays: number;
  readonly now: Instant;
}

type Phases = Readonly<Record<Phase, number>>;

/** What needs a person first, then the road, then those who are done. */
const ORDER: readonly Phase[] = [
  "failed",
  "held",
  "queued",
  "enabled",
  "notified",
  "restoring",
  "enforced",
  "restored",
  "excluded",
];

/** Without the virtual time, so that a state is shown once and not once a minute. */
export function describeState({ rollout, waves, progress, control, graceDays, now }: RunState): string {
  const phases = addPhases(progress.map((wave) => wave.phases));
  const users = Object.values(phases).reduce((sum, count) => sum + count, 0);
  const parts = [`${formatCount(users - pendingOf(phases))} of ${formatCount(users)} final`];
  const rests = SERVICES.filter((service) => control.notBefore[service] > now);
  if (rests.length > 0) parts.push(`throttled: ${rests.join(ITEM)}`);
  const stops = control.rollouts.find(({ id }) => id === rollout)?.stops ?? [];
  parts.push(...stops.map(({ wave, because }) => `paused (${wave === "*" ? "all waves" : wave}): ${because}`));
  // One wave is everybody.
  if (progress.length > 1) parts.push(describePhases(phases));
  const end = lastDeadline(waves, progress, graceDays, now);
  if (end !== null) parts.push(`last deadline about ${new Date(end).toISOString().slice(0, 10)}`);
  const described = progress.map((wave) => {
    const stored = waves.find(({ id }) => id === wave.wave);
    return { isDone: stored?.status === "done", text: describeWave(wave, stored) };
  });
  parts.push(
    ...[false, true].flatMap((done) => described.flatMap(({ isDone, text }) => (isDone === done ? text : []))),
  );
  return parts.filter((part) => part !== "").join(PART);
}

export function formatInstant(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")}Z`;
}

function describeWave({ wave, phases }: WaveProgress, stored: Wave | undefined): string {
  if (stored?.status === "planned") return `${wave} from ${new Date(stored.startAt).toISOString().slice(5, 10)}`;
  return `${wave} ${describePhases(phases)}`.trimEnd();
}

function describePhases(phases: Phases): string {
  const shown = ORDER.filter((phase) => phases[phase] > 0);
  return shown.map((phase) => `${formatCount(phases[phase])} ${phase}`).join(ITEM);
}

const whole = new Intl.NumberFormat("en");

/** As the page writes numbers. */
function formatCount(count: number): string {
  return whole.format(count);
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
