// The life of a rollout's waves: gates, opening, launch, end. Everything is read from rows, so that any tick may be the first.
import type { RolloutControl } from "../domain/control.ts";
import {
  BREAK_GLASS_LEAST,
  BREAK_GLASS_LOOK_MS,
  BREAK_GLASS_RETRY_MS,
  evaluateGates,
  needsBreakGlassLook,
} from "../domain/gate.ts";
import type { GateResult } from "../domain/gate.ts";
import type { Instant } from "../domain/instant.ts";
import { FAR_FUTURE } from "../domain/instant.ts";
import type { RolloutId, UserId, WaveId } from "../domain/names.ts";
import { isLaunched, measureWave, pendingOf, sameProgress } from "../domain/progress.ts";
import type { HeaderAt } from "../domain/release.ts";
import type { Rollout, Wave } from "../domain/rollout.ts";
import type { BatchStore } from "../ports/batch-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Directory } from "../ports/directory.ts";
import { Unavailable } from "../ports/errors.ts";
import type { Log } from "../ports/log.ts";
import type { RolloutStore, RolloutView, Stored } from "../ports/rollout-store.ts";
import { listWaveHeaders } from "./list-headers.ts";

export interface OpenWavesDeps {
  readonly rollouts: RolloutStore;
  readonly batches: BatchStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly log: Log;
  readonly breakGlassIds: ReadonlySet<UserId>;
}

export interface OpenedWaves {
  readonly rollout: Rollout;
  readonly waves: readonly Wave[];
  readonly headers: readonly HeaderAt[];
  readonly wakeAt: Instant;
}

/** @returns `null` when the rollout is not active */
export async function openWaves(
  deps: OpenWavesDeps,
  control: RolloutControl,
  now: Instant,
): Promise<OpenedWaves | null> {
  const view = await deps.rollouts.read(control.id);
  if (view?.rollout.value.status !== "active") return null;
  const rollout = await lookAtBreakGlass(deps, view.rollout, now);
  const waves: Wave[] = [];
  const headers: HeaderAt[] = [];
  let wakeAt = FAR_FUTURE;
  for (const stored of view.waves) {
    const gates =
      stored.value.status === "planned" ? evaluateGates(stored.value, { rollout, control, waves, now }) : [];
    if (gates.length > 0) await recordGates(deps, view.rollout.value.id, stored.value.id, { gates, now });
    wakeAt = Math.min(wakeAt, ...gates.filter(({ result }) => result !== "open").map(({ nextLook }) => nextLook));
    const opens = gates.length > 0 && gates.every(({ result }) => result === "open");
    const opened: Wave = opens ? { ...stored.value, status: "open", openedAt: now } : stored.value;
    const ofWave = opened.status === "planned" ? [] : await listWaveHeaders(deps.batches, control.id, opened);
    const measured =
      opened.status === "planned" ? opened : await measure(deps, view, { wave: opened, headers: ofWave, now });
    if (measured !== stored.value) {
      await deps.rollouts.saveWave(control.id, { value: measured, etag: stored.etag });
      deps.log.info("wave moved", { rollout: control.id, wave: measured.id, status: measured.status });
    }
    waves.push(measured);
    headers.push(...ofWave);
  }
  const next = nextBreakGlassLook(rollout, waves);
  return { rollout, waves, headers, wakeAt: Math.min(wakeAt, next) };
}

interface Measured {
  readonly wave: Wave;
  readonly headers: readonly HeaderAt[];
  readonly now: Instant;
}

/**
 * The same wave when nothing changed. One that was done opens again when a late registration reopens a user. The headers are read
 * here anyway, so their sums are saved here too, when they changed.
 */
async function measure(deps: OpenWavesDeps, view: RolloutView, { wave, headers, now }: Measured): Promise<Wave> {
  const progress = measureWave(
    wave.id,
    headers.map(({ header }) => header),
  );
  const { phases } = progress;
  if (!view.progress.some((known) => sameProgress(known, progress))) {
    await deps.rollouts.saveProgress(view.rollout.value.id, progress, now);
  }
  const launchedAt = wave.launchedAt === 0 && isLaunched(phases) ? now : wave.launchedAt;
  const done = pendingOf(phases) === 0 && phases.held === 0;
  const status = done ? "done" : "open";
  if (status === wave.status && launchedAt === wave.launchedAt) return wave;
  return { ...wave, status, launchedAt, doneAt: done ? now : 0 };
}

async function recordGates(
  deps: OpenWavesDeps,
  rollout: RolloutId,
  wave: WaveId,
  { gates, now }: { readonly gates: readonly GateResult[]; readonly now: Instant },
): Promise<void> {
  const known = await deps.rollouts.readGates(rollout);
  for (const gate of gates) {
    const last = known.find((stored) => stored.wave === wave && stored.gate === gate.gate);
    if (last?.result === gate.result && last.because === gate.because) continue;
    await deps.rollouts.recordGate(rollout, { ...gate, wave, at: now });
  }
}

function nextBreakGlassLook({ breakGlassCheck }: Rollout, waves: readonly Wave[]): Instant {
  const works = waves.some(({ status }) => status !== "done");
  const span = breakGlassCheck.valid ? BREAK_GLASS_LOOK_MS : BREAK_GLASS_RETRY_MS;
  return works ? breakGlassCheck.at + span : FAR_FUTURE;
}

/** At least two accounts by which people get in when all else fails: exist, enabled, cloud-only, Global Administrator. */
async function lookAtBreakGlass(deps: OpenWavesDeps, stored: Stored<Rollout>, now: Instant): Promise<Rollout> {
  const rollout = stored.value;
  if (!needsBreakGlassLook(rollout, now)) return rollout;
  const ids = [...new Set([...rollout.breakGlass, ...deps.breakGlassIds])];
  let checked: Rollout;
  try {
    const accounts = await deps.directory.readBreakGlass(ids);
    const valid = accounts.filter((one) => one.enabled && one.cloudOnly && one.globalAdministrator);
    const enough = new Set(valid.map(({ id }) => id)).size >= BREAK_GLASS_LEAST;
    const because = `${valid.length} of ${ids.length} break-glass accounts are valid`;
    checked = { ...rollout, breakGlassCheck: { at: now, valid: enough, because } };
    if (!enough) deps.log.error("too few valid break-glass accounts: nothing runs", { rollout: rollout.id, because });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    // The last good look still counts for its day; after that the gate is inconclusive and nothing runs.
    deps.log.warn("break-glass accounts could not be looked at", { rollout: rollout.id, service: error.service });
    return rollout;
  }
  await deps.rollouts.saveRollout({ value: checked, etag: stored.etag });
  return checked;
}
