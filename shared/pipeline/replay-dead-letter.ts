// Replay: the users that failed by a letter go back into their step, through the state machine. The rows move first, then the letter says
// so: torn in between, it is asked again and finds nobody left to move. No message is sent: the planner releases what the rows say.
import type { Instant } from "../domain/instant.ts";
import type { LetterDeed } from "../domain/letter.ts";
import { stateOfLetter } from "../domain/letter.ts";
import { stopOf } from "../domain/control.ts";
import type { UserId } from "../domain/names.ts";
import type { Nudge } from "../domain/nudge.ts";
import { Refusal } from "../domain/refusal.ts";
import type { LetterPlace, StoredLetter } from "../ports/dead-letter-store.ts";
import { Conflict } from "../ports/errors.ts";
import type { Log } from "../ports/log.ts";
import type { RolloutStore } from "../ports/rollout-store.ts";
import type { LetterDeps } from "./inspect-letter.ts";
import { findLetter, inspectLetter, readConcerned } from "./inspect-letter.ts";
import { reopenRollout } from "./reopen-rollout.ts";
import type { SaveDeps } from "./save-batch.ts";
import { CONFLICTS_MAX, saveSheet } from "./save-batch.ts";
import { Sheet } from "./sheet.ts";

export interface ReplayDeps extends LetterDeps, SaveDeps {
  readonly rollouts: RolloutStore;
  readonly log: Log;
}

export interface LetterAsk extends LetterPlace {
  readonly by: string;
  readonly because: string;
}

export interface LetterAnswer {
  /** `already-…`: it had been done before, and nothing was done now. */
  readonly result: "replayed" | "already-replayed" | "dismissed" | "already-dismissed";
  readonly at: Instant;
  readonly by: string;
  /** Who went back into their step now. */
  readonly moved: readonly UserId[];
  readonly note: string;
}

/** @throws Refusal for what cannot be replayed · Conflict · Unavailable */
export async function replayDeadLetter(deps: ReplayDeps, ask: LetterAsk): Promise<LetterAnswer> {
  const letter = await findLetter(deps, ask);
  const before = letter.deeds.at(-1);
  if (before?.kind === "replayed") return already("already-replayed", before);
  const nudge = await readyNudge(deps, letter);
  const moved = await moveBack(deps, letter, nudge, ask);
  if (moved.length > 0) await reopenRollout(deps, nudge.rollout);
  const deed = { kind: "replayed", at: deps.clock.now(), by: ask.by, because: ask.because } as const;
  const other = await recordDeed(deps, letter, deed);
  deps.log.info("dead letter replayed", { id: letter.id, rollout: nudge.rollout, moved: moved.length });
  const { at, by } = other ?? deed;
  return { result: "replayed", at, by, moved, note: await noteOf(deps, nudge, moved.length) };
}

async function readyNudge(deps: ReplayDeps, letter: StoredLetter): Promise<Nudge> {
  const looked = await inspectLetter(deps, letter);
  if (looked.kind === "ready") return looked.nudge;
  throw new Refusal("not-possible", { what: `Not replayed. ${looked.what}`, fix: looked.fix, where: "id" });
}

async function moveBack(
  deps: ReplayDeps,
  letter: StoredLetter,
  nudge: Nudge,
  ask: LetterAsk,
): Promise<readonly UserId[]> {
  const slots = await readConcerned(deps, letter, nudge);
  for (let tries = 1; ; tries += 1) {
    const looked = await inspectLetter(deps, letter);
    if (looked.kind === "refused") return [];
    const sheet = new Sheet(looked.batch, looked.policy);
    const failed = sheet.rows.filter(
      ({ slot, enrollment: { state } }) =>
        slots.includes(slot) && state.phase === "failed" && state.reason === "dead-lettered",
    );
    for (const { slot } of failed) sheet.apply(slot, { kind: "retry-requested", at: deps.clock.now() });
    const moved = sheet.changed.map(({ enrollment }) => enrollment.userId);
    try {
      await saveSheet(deps, sheet, { actor: ask.by, cause: `replay ${letter.id}: ${ask.because}`, nudgeAt: 0 });
      return moved;
    } catch (error) {
      if (!(error instanceof Conflict) || tries >= CONFLICTS_MAX) throw error;
    }
  }
}

/** @returns an equal deed that somebody else recorded in the meantime, or `null` when ours stands */
export async function recordDeed(
  deps: Pick<ReplayDeps, "deadLetters">,
  letter: StoredLetter,
  deed: LetterDeed,
): Promise<LetterDeed | null> {
  let current = letter;
  for (let tries = 1; ; tries += 1) {
    const last = current.deeds.at(-1);
    if (last !== undefined && stateOfLetter(current.deeds) === deed.kind) return last;
    try {
      await deps.deadLetters.addDeed(current, deed);
      return null;
    } catch (error) {
      if (!(error instanceof Conflict) || tries >= CONFLICTS_MAX) throw error;
      current = await findLetter(deps, current);
    }
  }
}

export function already(
  result: "already-replayed" | "already-dismissed",
  { at, by, because }: LetterDeed,
): LetterAnswer {
  return { result, at, by, moved: [], note: `Nothing was done now. The reason given then: ${because}` };
}

async function noteOf(deps: ReplayDeps, { rollout, wave }: Nudge, moved: number): Promise<string> {
  if (moved === 0) return "Nobody was waiting for it: what is still due, the planner releases by itself.";
  const { value: control } = await deps.control.readControl();
  const found = control.rollouts.find(({ id }) => id === rollout);
  const stop = found === undefined ? null : stopOf(found, wave);
  return stop === null
    ? "The planner releases them within a minute."
    : `The wave is stopped by ${stop.by} (${stop.because}): they go on when that is lifted.`;
}
