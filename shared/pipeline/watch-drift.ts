// Looks, in turns, at everybody whose state was set: what an admin took back is repaired once, the second time the user is held, and
// many at once pause the rollout before anything is repaired (invariant 7).
import type { Control, RolloutControl } from "../domain/control.ts";
import type { Reverts } from "../domain/drift.ts";
import { areMany, batchesToLookAt, isToBeLookedAt, ofTheDay } from "../domain/drift.ts";
import type { Instant } from "../domain/instant.ts";
import type { BatchAddress } from "../domain/names.ts";
import { FUNCTION_TIMEOUT_MS } from "../domain/policy.ts";
import { GRAPH_BATCH_STEPS, slice } from "../domain/slice.ts";
import type { Row } from "../ports/batch-store.ts";
import type { ControlStore } from "../ports/control-store.ts";
import type { Directory } from "../ports/directory.ts";
import { Conflict, Unavailable } from "../ports/errors.ts";
import type { Log } from "../ports/log.ts";
import type { RolloutStore, RolloutView } from "../ports/rollout-store.ts";
import { pauseRollout } from "./circuit.ts";
import { judgeReads, throttledOf } from "./judge.ts";
import { announceRest } from "./rest.ts";
import type { SaveDeps } from "./save-batch.ts";
import { saveResults } from "./save-batch.ts";
import { Sheet } from "./sheet.ts";

export interface DriftDeps extends SaveDeps {
  readonly control: ControlStore;
  readonly directory: Pick<Directory, "readMfaStates" | "findStateChange">;
  readonly rollouts: RolloutStore;
  readonly log: Log;
}

export interface DriftResult {
  readonly result: "looked" | "unavailable";
  readonly batches: number;
  readonly reverts: number;
}

/** The audit shares five requests in ten seconds with the report: so many names a run, the others are held without. */
const NAMES_MAX = 5;

interface Look {
  readonly batches: readonly Looked[];
  readonly last: BatchAddress | null;
}
interface Looked {
  readonly sheet: Sheet;
  readonly reverts: number;
}

export async function watchDrift(deps: DriftDeps): Promise<DriftResult> {
  const started = deps.clock.now();
  let [batches, reverts] = [0, 0];
  try {
    const { value: control } = await deps.control.readControl();
    for (const rollout of control.rollouts) {
      const view = await deps.rollouts.read(rollout.id);
      const status = view?.rollout.value.status;
      if (view === null || (status !== "active" && status !== "completed")) continue;
      const look = await lookAtRollout(deps, rollout, view, { control, started });
      batches += look.batches.length;
      reverts += look.batches.reduce((sum, one) => sum + one.reverts, 0);
    }
    return { result: "looked", batches, reverts };
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof Conflict)) throw error;
    deps.log.warn("drift is looked at later", { cause: error.message });
    return { result: "unavailable", batches, reverts };
  }
}

interface Run {
  readonly control: Control;
  readonly started: Instant;
}

async function lookAtRollout(deps: DriftDeps, rollout: RolloutControl, view: RolloutView, run: Run): Promise<Look> {
  const look = await lookInTurn(deps, rollout, addressesOf(view, rollout), run);
  if (look.last === null) return look;
  const now = deps.clock.now();
  const news = look.batches.flatMap(({ sheet: { batch }, reverts }): readonly Reverts[] =>
    reverts === 0 ? [] : [{ at: now, wave: batch.address.wave, count: reverts }],
  );
  const reverts = [...ofTheDay(rollout.drift?.reverts ?? [], now), ...news];
  const enforced = (wave: string): number => view.progress.find((one) => one.wave === wave)?.phases.enforced ?? 0;
  const many = news.length > 0 && areMany(reverts, enforced);
  if (many) {
    const count = reverts.reduce((sum, one) => sum + one.count, 0);
    const because = `${count} users' MFA states were taken back within a day: by an admin, or by a tenant restored from a backup`;
    // Before the rows say so: what they make due must find the stop.
    await pauseRollout(deps, { ...look.last, rollout: rollout.id }, because);
  }
  for (const { sheet } of look.batches) {
    await saveResults(deps, sheet, {
      actor: "worker",
      cause: "drift: state observed",
      nudgeAt: sheet.batch.header.nudgeAt,
    });
  }
  if (news.length > 0) await reopen(deps, view);
  const { wave, batch } = look.last;
  // Whoever resumes has seen them: they are not counted again.
  const drift = { at: now, wave, batch, reverts: many ? [] : reverts };
  await deps.control.updateControl((control) => ({
    ...control,
    rollouts: control.rollouts.map((one) => (one.id === rollout.id ? { ...one, drift } : one)),
  }));
  return look;
}

/** All batches of the waves that have begun, from behind the last that was looked at. */
function addressesOf({ waves }: RolloutView, { id, drift }: RolloutControl): readonly BatchAddress[] {
  const all = waves
    .filter(({ value }) => value.status !== "planned")
    .flatMap(({ value }) =>
      Array.from({ length: value.batches }, (_, batch): BatchAddress => ({ rollout: id, wave: value.id, batch })),
    );
  const last = all.findIndex(({ wave, batch }) => wave === drift?.wave && batch === drift.batch);
  return [...all.slice(last + 1), ...all.slice(0, last + 1)];
}

async function lookInTurn(
  deps: DriftDeps,
  rollout: RolloutControl,
  turn: readonly BatchAddress[],
  { control, started }: Run,
): Promise<Look> {
  const batches: Looked[] = [];
  let last: BatchAddress | null = null;
  let names = NAMES_MAX;
  for (const address of turn.slice(0, batchesToLookAt(turn.length, rollout.drift, started))) {
    const now = deps.clock.now();
    // A service that rests is not asked; what is left of the time belongs to the function's end.
    if (now - started > FUNCTION_TIMEOUT_MS / 2 || control.notBefore["graph-read"] > now) break;
    const batch = await deps.batches.load(address);
    last = address;
    if (batch === null) continue;
    const sheet = new Sheet(batch, rollout.policy);
    const answered = await lookAtBatch(deps, sheet, names);
    if (!answered) break;
    const reverted = sheet.rows.filter((row) => tookBack(batch.rows, row));
    names -= reverted.filter(({ enrollment: { reverts } }) => reverts > 1).length;
    batches.push({ sheet, reverts: reverted.length });
  }
  return { batches, last };
}

function tookBack(before: readonly Row[], { slot, enrollment }: Row): boolean {
  return before.some((row) => row.slot === slot && row.enrollment.reverts < enrollment.reverts);
}

/** @returns `false` when Graph asks for rest: the rest of the run is left out */
async function lookAtBatch(deps: DriftDeps, sheet: Sheet, names: number): Promise<boolean> {
  const rows = sheet.rows.filter(({ enrollment }) => isToBeLookedAt(enrollment, deps.clock.now()));
  let namesLeft = names;
  for (const part of slice(rows, GRAPH_BATCH_STEPS)) {
    const reads = await deps.directory.readMfaStates(part.map(({ enrollment }) => enrollment.userId));
    const slots = part.map(({ slot }) => slot);
    const throttled = throttledOf(judgeReads(slots, reads));
    await announceRest(deps, "graph-read", throttled);
    for (const [index, row] of part.entries()) {
      const read = reads[index];
      // Who became more than was recorded is found by the step that is due, with all that it does about it.
      if (read?.kind !== "read" || read.value === "unknown" || read.value === "enforced") continue;
      const { enrollment, slot } = row;
      // Only the second one leads to a hold, and only a hold shows a name.
      const asks = enrollment.reverts > 0 && namesLeft > 0;
      if (asks) namesLeft -= 1;
      const by = asks ? await findName(deps, row) : {};
      sheet.apply(slot, { kind: "state-observed", mfaState: read.value, at: deps.clock.now(), ...by });
    }
    if (throttled.length > 0) return false;
  }
  return true;
}

/** The audit may be late, closed or busy: then the hold says what happened, and not who did it. */
async function findName(deps: DriftDeps, { enrollment: { userId, state } }: Row): Promise<{ readonly by?: string }> {
  const since = state.phase === "enforced" ? state.enforcedAt : 0;
  try {
    const change = await deps.directory.findStateChange(userId, since);
    return change === null ? {} : { by: change.by };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    deps.log.warn("the audit was not read", { cause: error.message });
    return {};
  }
}

/** What was taken back is due again: the planner looks at active rollouts only. */
async function reopen(deps: DriftDeps, { rollout }: RolloutView): Promise<void> {
  if (rollout.value.status !== "completed") return;
  await deps.rollouts.saveRollout({ value: { ...rollout.value, status: "active" }, etag: rollout.etag });
}
