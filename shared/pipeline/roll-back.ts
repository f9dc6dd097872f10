// A person's order to undo: marks users as `restoring`, batch by batch, through the state machine. Torn anywhere it is given again and
// goes on: who is marked already is left as is (invariant 12). The `restore` step does the rest.
import type { RolloutControl } from "../domain/control.ts";
import type { FaultText } from "../domain/fault.ts";
import { UserFault } from "../domain/fault.ts";
import type { Instant } from "../domain/instant.ts";
import type { BatchAddress, RolloutId, UserId, WaveId } from "../domain/names.ts";
import { HANDLER_DEADLINE_MS } from "../domain/policy.ts";
import type { ControlStore } from "../ports/control-store.ts";
import { Conflict } from "../ports/errors.ts";
import type { Log } from "../ports/log.ts";
import type { UserIndex } from "../ports/people-stores.ts";
import type { RolloutStore, RolloutView } from "../ports/rollout-store.ts";
import { reopenStored } from "./reopen-rollout.ts";
import { CONFLICTS_MAX, saveSheet } from "./save-batch.ts";
import type { SaveDeps } from "./save-batch.ts";
import { Sheet } from "./sheet.ts";

export type RollBackScope =
  | { readonly kind: "all" }
  | { readonly kind: "wave"; readonly wave: WaveId }
  | { readonly kind: "users"; readonly users: readonly UserId[] };

export interface RollBackOrder {
  readonly rollout: RolloutId;
  readonly scope: RollBackScope;
  readonly by: string;
  readonly reason: string;
  /** Goes on there: what an earlier call answered as `next`. `null` = from the beginning. */
  readonly from: { readonly wave: WaveId; readonly batch: number } | null;
}

export interface RollBackResult {
  /** Now on the way back; the `restore` step brings them there. */
  readonly restoring: number;
  /** Nothing of ours was ever done to them: out of the rollout at once. */
  readonly restored: number;
  /** Were on the way or back already, or are none of ours to restore. */
  readonly unchanged: number;
  /** Where to go on, when there was not time for everybody. `null` = all are marked. */
  readonly next: { readonly wave: WaveId; readonly batch: number } | null;
}

export interface RollBackDeps extends SaveDeps {
  readonly control: ControlStore;
  readonly rollouts: RolloutStore;
  readonly users: UserIndex;
  readonly log: Log;
  readonly breakGlassIds: ReadonlySet<UserId>;
}

type Counts = Omit<RollBackResult, "next">;
interface Target extends BatchAddress {
  /** `null` = everybody of the batch. */
  readonly users: ReadonlySet<UserId> | null;
}

/** @throws UserFault when the order names what is not there: nothing was done · Unavailable, Conflict: give it again */
export async function rollBack(deps: RollBackDeps, order: RollBackOrder): Promise<RollBackResult> {
  const started = deps.clock.now();
  const { view, control } = await findRollout(deps, order.rollout);
  const targets = await findTargets(deps, order, view);
  await reopenStored(deps, view.rollout);
  let counts: Counts = { restoring: 0, restored: 0, unchanged: 0 };
  for (const target of targets) {
    const { wave, batch } = target;
    if (isLate(deps.clock.now(), started)) return { ...counts, next: { wave, batch } };
    counts = add(counts, await markBatch(deps, control, target, order));
  }
  const { by, reason, rollout } = order;
  deps.log.warn("roll back ordered", { rollout, scope: order.scope.kind, by, reason, ...counts });
  return { ...counts, next: null };
}

/** An HTTP caller waits at most so long; a rollout of a million users takes several calls. */
function isLate(now: Instant, started: Instant): boolean {
  return now - started >= HANDLER_DEADLINE_MS;
}

async function findRollout(
  deps: RollBackDeps,
  id: RolloutId,
): Promise<{ readonly view: RolloutView; readonly control: RolloutControl }> {
  const [view, stored] = await Promise.all([deps.rollouts.read(id), deps.control.readControl()]);
  if (view === null)
    throw refusal(`no rollout is named ${id}.`, "Take a name that the progress page shows.", "rollout");
  const control = stored.value.rollouts.find((rollout) => rollout.id === id);
  if (control === undefined || view.rollout.value.status === "applying") {
    throw refusal(`rollout ${id} is not applied to its end: nothing was done yet.`, "Apply it to its end.", "rollout");
  }
  const { status } = view.rollout.value;
  // The planner looks at active rollouts only: an order that nobody would carry out is no order.
  if (status !== "active" && status !== "completed") {
    throw refusal(`rollout ${id} is ${status}.`, "Make it active: a stop of it lets a roll back through.", "rollout");
  }
  return { view, control };
}

async function findTargets(deps: RollBackDeps, order: RollBackOrder, view: RolloutView): Promise<readonly Target[]> {
  const { scope, from } = order;
  if (scope.kind === "users") return findUsers(deps, order.rollout, scope.users);
  const waves = view.waves.map(({ value }) => value).filter(({ id }) => scope.kind === "all" || id === scope.wave);
  if (waves.length === 0) {
    const known = view.waves.map(({ value }) => value.id).join(", ");
    throw refusal(`rollout ${order.rollout} has no such wave.`, `Take one of ${known}.`, "wave");
  }
  const all = waves.flatMap(({ id, batches }) =>
    Array.from({ length: batches }, (_, batch): Target => ({ rollout: order.rollout, wave: id, batch, users: null })),
  );
  const first = from === null ? 0 : all.findIndex(({ wave, batch }) => wave === from.wave && batch === from.batch);
  if (first < 0) throw refusal("there is no such batch.", "Take what an earlier answer gave as `next`.", "from");
  return all.slice(first);
}

/** All are looked for before anybody is touched, so that a wrong list is refused as a whole. */
async function findUsers(deps: RollBackDeps, rollout: RolloutId, users: readonly UserId[]): Promise<readonly Target[]> {
  const targets = new Map<string, { readonly address: BatchAddress; readonly users: Set<UserId> }>();
  const faults: FaultText[] = [];
  for (const userId of users) {
    const place = await deps.users.find(userId);
    if (place?.rollout !== rollout) {
      faults.push(fault(`user ${userId} is not in rollout ${rollout}.`, "Leave the user out.", "users"));
      continue;
    }
    const { wave, batch } = place;
    const known = targets.get(`${wave}/${batch}`);
    if (known === undefined) {
      targets.set(`${wave}/${batch}`, { address: { rollout, wave, batch }, users: new Set([userId]) });
    } else known.users.add(userId);
  }
  if (faults.length > 0) throw new UserFault(faults.slice(0, 20));
  return [...targets.values()].map((target) => ({ ...target.address, users: target.users }));
}

async function markBatch(
  deps: RollBackDeps,
  control: RolloutControl,
  target: Target,
  { by, reason }: RollBackOrder,
): Promise<Counts> {
  for (let tries = 1; ; tries += 1) {
    try {
      const batch = await deps.batches.load(target);
      if (batch === null) return { restoring: 0, restored: 0, unchanged: 0 };
      const sheet = new Sheet(batch, control.policy);
      const counts = markRows(deps, sheet, control, target.users);
      await saveSheet(deps, sheet, { actor: by, cause: `roll back: ${reason}`, nudgeAt: batch.header.nudgeAt });
      return counts;
    } catch (error) {
      if (!(error instanceof Conflict) || tries >= CONFLICTS_MAX) throw error;
    }
  }
}

function markRows(
  deps: Pick<RollBackDeps, "clock" | "breakGlassIds">,
  sheet: Sheet,
  control: RolloutControl,
  users: ReadonlySet<UserId> | null,
): Counts {
  const rows = sheet.rows.filter(({ enrollment: { userId } }) => users === null || users.has(userId));
  for (const { slot, enrollment } of rows) {
    const { userId } = enrollment;
    // Never touched, by a roll back as little as by anything else (invariant 2).
    if (deps.breakGlassIds.has(userId) || control.breakGlass.includes(userId)) continue;
    sheet.apply(slot, { kind: "restore-requested", at: deps.clock.now() });
  }
  const phases = sheet.changed.map(({ enrollment }) => enrollment.state.phase);
  const restoring = phases.filter((phase) => phase === "restoring").length;
  return { restoring, restored: phases.length - restoring, unchanged: rows.length - phases.length };
}

function add(a: Counts, b: Counts): Counts {
  return {
    restoring: a.restoring + b.restoring,
    restored: a.restored + b.restored,
    unchanged: a.unchanged + b.unchanged,
  };
}

function refusal(what: string, fix: string, where: string): UserFault {
  return new UserFault([fault(what, fix, where)]);
}

function fault(what: string, fix: string, where: string): FaultText {
  return { what, fix, at: { where } };
}
