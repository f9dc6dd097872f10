// Writes what was planned: users, then batches, then people and evidence, then the control row, and last the one conditional write that
// makes it active. Torn anywhere, it is run again and goes on.
import { LEVEL, withRollout } from "../domain/control.ts";
import { UserFault } from "../domain/fault.ts";
import { summarize } from "../domain/header.ts";
import { measureWave } from "../domain/progress.ts";
import type { Rollout, Wave } from "../domain/rollout.ts";
import { BATCH_SIZE, slice } from "../domain/slice.ts";
import type { BatchStore, NewBatch } from "../ports/batch-store.ts";
import type { Ids } from "../ports/chance.ts";
import type { ControlStore } from "../ports/control-store.ts";
import type { PeopleStore, UserIndex, UserPlace } from "../ports/people-stores.ts";
import type { RolloutStore } from "../ports/rollout-store.ts";
import type { SnapshotStore } from "../ports/snapshot-store.ts";
import type { PlannedWave, RolloutPlan } from "./plan-rollout.ts";
import { soakMsOf } from "./plan-rollout.ts";

export interface ApplyDeps {
  readonly batches: BatchStore;
  readonly rollouts: RolloutStore;
  readonly control: ControlStore;
  readonly users: UserIndex;
  readonly people: PeopleStore;
  readonly snapshots: SnapshotStore;
  readonly ids: Ids;
}

/** @throws UserFault when a user is in another active rollout, or the tenant changed since a torn apply */
export async function applyRollout(deps: ApplyDeps, plan: RolloutPlan): Promise<void> {
  const { spec } = plan;
  await deps.rollouts.create(newRollout(plan), plan.waves.map(newWave));
  const view = await deps.rollouts.read(spec.rollout);
  if (view === null) throw new Error("the rollout that was just created is gone");
  if (view.rollout.value.status !== "applying") return;
  for (const wave of plan.waves) await applyWave(deps, plan, wave);
  await deps.people.put(plan.people);
  await deps.snapshots.write({ reportAt: plan.reportAt, registrations: plan.registrations });
  await deps.control.updateControl((control) => ({
    ...withRollout(control, {
      id: spec.rollout,
      policy: plan.policy,
      timeZone: spec.timeZone,
      helpContact: plan.helpContact,
      breakGlass: plan.breakGlass,
      stops: control.rollouts.find(({ id }) => id === spec.rollout)?.stops ?? [],
    }),
    level: LEVEL,
    reportAt: Math.max(control.reportAt, plan.reportAt),
  }));
  await deps.rollouts.saveRollout({ value: { ...view.rollout.value, status: "active" }, etag: view.rollout.etag });
}

async function applyWave(deps: ApplyDeps, plan: RolloutPlan, wave: PlannedWave): Promise<void> {
  const batches = slice(wave.enrollments, BATCH_SIZE).map((rows, batch): NewBatch => ({
    address: { rollout: plan.spec.rollout, wave: wave.id, batch },
    rows: rows.map((enrollment, slot) => ({ slot, enrollment })),
    summary: summarize(rows, plan.policy),
    at: plan.now,
    actor: "apply",
    cause: "enrolled",
    commitId: deps.ids.newId(),
  }));
  const places = batches.flatMap(({ address, rows }) =>
    rows.map(({ slot, enrollment }): UserPlace => ({ ...address, slot, userId: enrollment.userId })),
  );
  const taken = await deps.users.claim(places);
  if (taken.length > 0) throw new UserFault(taken.slice(0, 20).map(takenFault));
  for (const batch of batches) await deps.batches.create(batch);
  const enrolled = batches.map(({ summary }) => summary);
  await deps.rollouts.saveProgress(plan.spec.rollout, measureWave(wave.id, enrolled), plan.now);
}

function takenFault(place: UserPlace): UserFault["faults"][number] {
  return {
    what: `user ${place.userId} already belongs to wave ${place.wave} of rollout ${place.rollout}.`,
    fix: "A user is in one active rollout at a time: end that one, or leave the user out.",
    at: { where: "apply" },
  };
}

function newRollout(plan: RolloutPlan): Rollout {
  return {
    id: plan.spec.rollout,
    status: "applying",
    appliedAt: plan.now,
    users: plan.waves.reduce((sum, wave) => sum + wave.enrollments.length, 0),
    soakMs: soakMsOf(plan.spec),
    breakGlass: plan.breakGlass,
    senders: plan.senders,
    breakGlassCheck: { at: 0, valid: false, because: "not looked at yet" },
  };
}

function newWave(wave: PlannedWave, index: number): Wave {
  const { id, startAt, enrollments } = wave;
  const batches = Math.ceil(enrollments.length / BATCH_SIZE);
  return {
    id,
    index,
    status: "planned",
    startAt,
    users: enrollments.length,
    batches,
    openedAt: 0,
    launchedAt: 0,
    doneAt: 0,
  };
}
