// What an operator sees of all rollouts: a few rows, whatever the number of users.
import type { Control, Service, Stop } from "../domain/control.ts";
import { SERVICES } from "../domain/control.ts";
import type { Phase } from "../domain/enrollment.ts";
import { emptyPhases } from "../domain/header.ts";
import type { Instant } from "../domain/instant.ts";
import type { Wave } from "../domain/rollout.ts";
import type { StoredGate } from "../ports/rollout-store.ts";
import type { ProgressDeps } from "./measure-progress.ts";

export interface WaveView {
  readonly wave: string;
  readonly status: Wave["status"];
  readonly users: number;
  readonly startAt: Instant;
  /** `null` = not yet. */
  readonly openedAt: Instant | null;
  readonly phases: Readonly<Record<Phase, number>>;
  readonly failures: Readonly<Record<string, number>>;
  readonly notices: { readonly sent: number; readonly uncertain: number };
  readonly gates: readonly StoredGate[];
}

export interface RolloutProgress {
  readonly rollout: string;
  readonly status: string;
  readonly users: number;
  readonly timeZone: string;
  readonly stops: readonly Stop[];
  readonly waves: readonly WaveView[];
}

export interface ProgressView {
  readonly now: Instant;
  readonly rollouts: readonly RolloutProgress[];
  /** Until when a service rests after a 429; `null` = it does not. */
  readonly rest: Readonly<Record<Service, Instant | null>>;
}

export async function readProgress(deps: Pick<ProgressDeps, "control" | "rollouts" | "clock">): Promise<ProgressView> {
  const { value: control } = await deps.control.readControl();
  const rollouts: RolloutProgress[] = [];
  for (const { id, stops, timeZone } of control.rollouts) {
    const [view, gates] = await Promise.all([deps.rollouts.read(id), deps.rollouts.readGates(id)]);
    if (view === null) continue;
    const waves = view.waves.map(({ value: wave }): WaveView => {
      const sums = view.progress.find((one) => one.wave === wave.id);
      return {
        wave: wave.id,
        status: wave.status,
        users: wave.users,
        startAt: wave.startAt,
        openedAt: wave.openedAt === 0 ? null : wave.openedAt,
        phases: sums?.phases ?? { ...emptyPhases(), queued: wave.users },
        failures: sums?.failures ?? {},
        notices: sums?.notices ?? { sent: 0, uncertain: 0 },
        gates: gates.filter((gate) => gate.wave === wave.id),
      };
    });
    const { status, users } = view.rollout.value;
    rollouts.push({ rollout: id, status, users, timeZone, stops, waves });
  }
  return { now: deps.clock.now(), rollouts, rest: restOf(control, deps.clock.now()) };
}

function restOf(control: Control, now: Instant): Record<Service, Instant | null> {
  const rest: Record<Service, Instant | null> = { "graph-write": null, "graph-read": null, mail: null, reports: null };
  for (const service of SERVICES) rest[service] = control.notBefore[service] > now ? control.notBefore[service] : null;
  return rest;
}
