// One transaction a save. A result that meets somebody else's save is applied to what is there now: the tenant has changed.
import { summarize } from "../domain/header.ts";
import type { Instant } from "../domain/instant.ts";
import { READ_LAG_MS } from "../domain/policy.ts";
import type { Sample } from "../domain/sample.ts";
import type { Ids } from "../ports/chance.ts";
import type { Clock } from "../ports/clock.ts";
import type { BatchStore } from "../ports/batch-store.ts";
import { Conflict } from "../ports/errors.ts";
import { Sheet } from "./sheet.ts";

export interface SaveDeps {
  readonly batches: BatchStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface SaveNote {
  readonly actor: string;
  readonly cause: string;
  /** 0 = no nudge of our own is scheduled. */
  readonly nudgeAt: Instant;
}

/** Tries to reload and decide again before the planner has to. */
export const CONFLICTS_MAX = 5;

/** @throws Conflict when somebody else saved first: the caller decides again · Unavailable */
export async function saveSheet(deps: SaveDeps, sheet: Sheet, note: SaveNote): Promise<void> {
  const { changed } = sheet;
  if (changed.length === 0 && sheet.writes === 0) return;
  const saved = await deps.batches.save({
    batch: sheet.batch,
    changed,
    summary: summarize(sheet.enrollments, sheet.policy),
    writes: sheet.batch.header.writes + sheet.writes,
    nudgeAt: note.nudgeAt,
    ...sampleOf(sheet, deps.clock.now()),
    at: deps.clock.now(),
    actor: note.actor,
    cause: note.cause,
    commitId: deps.ids.newId(),
  });
  sheet.saved(saved);
}

/**
 * Saves what the tenant answered; on a conflict the same events are applied to the reloaded rows, so that no result is dropped.
 *
 * @returns the sheet that was saved: the one given, or one with the newer rows
 */
export async function saveResults(deps: SaveDeps, sheet: Sheet, note: SaveNote): Promise<Sheet> {
  let current = sheet;
  for (let tries = 1; ; tries += 1) {
    try {
      await saveSheet(deps, current, note);
      return current;
    } catch (error) {
      if (!(error instanceof Conflict) || tries >= CONFLICTS_MAX) throw error;
      const batch = await deps.batches.load(current.batch.address);
      if (batch === null) throw error;
      const { events, writes, written } = current;
      current = new Sheet(batch, sheet.policy);
      current.written = written;
      current.writes = writes;
      for (const { slot, event } of events) current.apply(slot, event);
    }
  }
}

/** Another slot each time, so that no user stands for a batch for ever. */
function sampleOf(sheet: Sheet, now: Instant): { readonly sample?: Sample } {
  const one = sheet.written[sheet.batch.header.seq % Math.max(1, sheet.written.length)];
  if (one === undefined) return {};
  const { userId } = sheet.row(one.slot).enrollment;
  return { sample: { userId, mfaState: one.mfaState, at: now + READ_LAG_MS } };
}
