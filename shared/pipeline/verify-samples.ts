// Looks at one user of each batch that was written some minutes ago. Where a 204 had no effect on most of a batch, the wave is paused:
// then Graph has changed, or something beside us works against us, and every further write would only look like success.
import type { Enrollment } from "../domain/enrollment.ts";
import type { Instant } from "../domain/instant.ts";
import type { UserId } from "../domain/names.ts";
import type { HeaderAt } from "../domain/release.ts";
import type { Sample, SampleAt } from "../domain/sample.ts";
import { dueSamples, hadEffect, isTooOld } from "../domain/sample.ts";
import { GRAPH_BATCH_STEPS, slice } from "../domain/slice.ts";
import type { BatchStore } from "../ports/batch-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControlStore } from "../ports/control-store.ts";
import type { Directory } from "../ports/directory.ts";
import { Unavailable } from "../ports/errors.ts";
import type { Log } from "../ports/log.ts";
import { pauseRollout } from "./circuit.ts";

export interface SampleDeps {
  readonly batches: Pick<BatchStore, "load">;
  readonly control: ControlStore;
  readonly directory: Pick<Directory, "readMfaStates">;
  readonly clock: Clock;
  readonly log: Log;
}

/** @returns up to when samples have been looked at: what was not answered is asked again */
export async function verifySamples(
  deps: SampleDeps,
  headers: readonly HeaderAt[],
  verifiedTo: Instant,
): Promise<Instant> {
  const now = deps.clock.now();
  const due = dueSamples(headers, verifiedTo, now);
  const last = due.at(-1);
  if (last === undefined) return verifiedTo;
  try {
    const seen = await readStates(
      deps,
      due.map(({ sample }) => sample.userId),
    );
    const answered = due.filter(({ sample }) => seen.has(sample.userId));
    if (answered.length === 0 && due.some(({ sample }) => !isTooOld(sample, now))) return verifiedTo;
    for (const one of answered) {
      if (!hadEffect(one.sample.mfaState, seen.get(one.sample.userId) ?? "unknown")) await confirm(deps, one);
    }
    return last.sample.at;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    deps.log.warn("samples put off: a service is down", { service: error.service });
    return verifiedTo;
  }
}

/** One user may have been changed by a person since. All of whom the rows say the same are looked at before anybody is stopped. */
async function confirm(deps: SampleDeps, { at, sample }: SampleAt<HeaderAt>): Promise<void> {
  const batch = await deps.batches.load(at);
  const written = (batch?.rows ?? []).map(({ enrollment }) => enrollment).filter((row) => stillStands(row, sample));
  if (!written.some(({ userId }) => userId === sample.userId)) return;
  const seen = await readStates(
    deps,
    written.map(({ userId }) => userId),
  );
  const without = [...seen.values()].filter((state) => !hadEffect(sample.mfaState, state));
  if (without.length === 0 || without.length * 2 < seen.size) return;
  const because =
    `Graph accepted writes of "${sample.mfaState}", and ${without.length} of ${seen.size} users looked at later do not have it: ` +
    "the per-user MFA API may have changed, or another program works against this one";
  await pauseRollout(deps, at, because, { wave: at.wave, restoreToo: sample.mfaState === "disabled" });
}

/** By the row, the user has what the sample's write asked for. */
function stillStands({ state, written, prior }: Enrollment, { mfaState }: Sample): boolean {
  if (state.phase === "restored") return prior.kind === "observed" && prior.mfaState === mfaState;
  if (mfaState === "enforced") return state.phase === "enforced" && written === "enforced";
  return mfaState === "enabled" && written === "enabled" && (state.phase === "enabled" || state.phase === "notified");
}

/** Who did not answer, or of whom nothing is known, is absent. */
async function readStates(
  { directory }: SampleDeps,
  users: readonly UserId[],
): Promise<ReadonlyMap<UserId, "disabled" | "enabled" | "enforced">> {
  const seen = new Map<UserId, "disabled" | "enabled" | "enforced">();
  for (const part of slice(users, GRAPH_BATCH_STEPS)) {
    const reads = await directory.readMfaStates(part);
    part.forEach((userId, index) => {
      const read = reads[index];
      if (read?.kind === "read" && read.value !== "unknown") seen.set(userId, read.value);
    });
  }
  return seen;
}
