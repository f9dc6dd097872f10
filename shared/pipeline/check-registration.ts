// Reads the registration report, finds what changed since the last one, and tells the rows concerned. The report's time becomes
// evidence only after every row has heard of it.
import type { Instant } from "../domain/instant.ts";
import type { UserId } from "../domain/names.ts";
import type { RegistrationValue } from "../domain/registration.ts";
import type { ControlStore } from "../ports/control-store.ts";
import type { Directory } from "../ports/directory.ts";
import { Conflict, Unavailable } from "../ports/errors.ts";
import type { Log } from "../ports/log.ts";
import type { UserIndex, UserPlace } from "../ports/people-stores.ts";
import type { RolloutStore } from "../ports/rollout-store.ts";
import type { SnapshotStore } from "../ports/snapshot-store.ts";
import { reopenRollout } from "./reopen-rollout.ts";
import type { SaveDeps } from "./save-batch.ts";
import { CONFLICTS_MAX, saveSheet } from "./save-batch.ts";
import { Sheet } from "./sheet.ts";

export interface RegistrationDeps extends SaveDeps {
  readonly control: ControlStore;
  readonly directory: Directory;
  readonly snapshots: SnapshotStore;
  readonly users: UserIndex;
  readonly rollouts: RolloutStore;
  readonly log: Log;
}

export interface RegistrationResult {
  readonly result: "read" | "unavailable";
  readonly users: number;
  readonly changed: number;
}

export async function checkRegistration(deps: RegistrationDeps): Promise<RegistrationResult> {
  try {
    return await readAndTell(deps);
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof Conflict)) throw error;
    // The old evidence ages; nobody is enforced on it when it is a day old. The next run reads everything again.
    deps.log.warn("registration report put off", { cause: error.message });
    return { result: "unavailable", users: 0, changed: 0 };
  }
}

async function readAndTell(deps: RegistrationDeps): Promise<RegistrationResult> {
  const before = await deps.snapshots.read();
  const report = await readReport(deps.directory, deps.clock.now());
  const changed = [...report.registrations].filter(([userId, value]) => before.registrations.get(userId) !== value);
  const places = await findPlaces(
    deps.users,
    changed.map(([userId]) => userId),
  );
  for (const group of groupByBatch(places)) await tellBatch(deps, group, report.registrations, report.reportAt);
  if (report.reportAt > 0) {
    // The cache only tells what changed: one that says the same is left as it is.
    if (changed.length > 0) await deps.snapshots.write(report);
    await deps.control.updateControl((control) =>
      report.reportAt > control.reportAt ? { ...control, reportAt: report.reportAt } : control,
    );
  }
  return { result: "read", users: report.registrations.size, changed: changed.length };
}

/** The whole report; its time is that of its oldest page, so that no row claims to be newer than it is. */
export async function readReport(
  directory: Pick<Directory, "readRegistrationReport">,
  now: Instant,
): Promise<{ readonly reportAt: Instant; readonly registrations: ReadonlyMap<UserId, RegistrationValue> }> {
  const registrations = new Map<UserId, RegistrationValue>();
  let reportAt: Instant = 0;
  for await (const page of directory.readRegistrationReport(now)) {
    if (page.rows.length > 0) reportAt = reportAt === 0 ? page.reportAt : Math.min(reportAt, page.reportAt);
    for (const { userId, value } of page.rows) registrations.set(userId, value);
  }
  return { reportAt, registrations };
}

async function findPlaces(users: UserIndex, ids: readonly UserId[]): Promise<readonly UserPlace[]> {
  const places: UserPlace[] = [];
  for (const id of ids) {
    const place = await users.find(id);
    if (place !== null) places.push(place);
  }
  return places;
}

function groupByBatch(places: readonly UserPlace[]): readonly (readonly UserPlace[])[] {
  const groups = new Map<string, UserPlace[]>();
  for (const place of places) {
    const key = `${place.rollout}/${place.wave}/${place.batch}`;
    groups.set(key, [...(groups.get(key) ?? []), place]);
  }
  return [...groups.values()];
}

async function tellBatch(
  deps: RegistrationDeps,
  places: readonly UserPlace[],
  registrations: ReadonlyMap<UserId, RegistrationValue>,
  at: Instant,
): Promise<void> {
  const [first] = places;
  if (first === undefined) return;
  for (let tries = 1; ; tries += 1) {
    try {
      const { value: control } = await deps.control.readControl();
      const policy = control.rollouts.find(({ id }) => id === first.rollout)?.policy;
      const batch = policy === undefined ? null : await deps.batches.load(first);
      if (batch === null || policy === undefined) return;
      const sheet = hearReport(new Sheet(batch, policy), places, registrations, at);
      await saveSheet(deps, sheet, { actor: "worker", cause: "registration report", nudgeAt: batch.header.nudgeAt });
      await reopenRollout(deps, first.rollout);
      return;
    } catch (error) {
      if (!(error instanceof Conflict) || tries >= CONFLICTS_MAX) throw error;
    }
  }
}

function hearReport(
  sheet: Sheet,
  places: readonly UserPlace[],
  registrations: ReadonlyMap<UserId, RegistrationValue>,
  at: Instant,
): Sheet {
  for (const { slot, userId } of places) {
    const value = registrations.get(userId);
    // Also who is enforced or excluded: they may come back, and then a row that never heard is freshened with what is no longer true.
    if (value !== undefined) sheet.apply(slot, { kind: "registration-observed", value, at });
  }
  return sheet;
}
