// What an operator sees of dead letters: the list, and one letter explained with its users as they stand now.
import type { Phase, State } from "../domain/enrollment.ts";
import { isWrapper } from "../domain/enrollment.ts";
import type { Instant } from "../domain/instant.ts";
import type { CauseWords, LetterCause, LetterDeed, LetterState } from "../domain/letter.ts";
import { causeOf, stateOfLetter, wordsOf } from "../domain/letter.ts";
import type { BatchAddress, RolloutId, Step, UserId } from "../domain/names.ts";
import type { Batch } from "../ports/batch-store.ts";
import type { LetterPlace, StoredLetter } from "../ports/dead-letter-store.ts";
import type { Inspection, LetterDeps } from "./inspect-letter.ts";
import { findLetter, inspectLetter, readConcerned } from "./inspect-letter.ts";

/** A page that a person can read, and an answer that fits; who has more has one cause, and mends that first. */
const LISTED_MAX = 200;

export interface ListedLetter extends LetterPlace {
  readonly at: Instant;
  readonly queue: string;
  readonly messageId: string;
  readonly reason: string;
  readonly deliveryCount: number;
  readonly cause: LetterCause;
  readonly state: LetterState;
  readonly deeds: readonly LetterDeed[];
}

export interface LetterList {
  /** Newest first. */
  readonly letters: readonly ListedLetter[];
  readonly open: number;
  /** How many more there are than are listed. */
  readonly more: number;
}

/** @param ask.rollout `null`: of all active rollouts, and of none */
export async function listDeadLetters(
  deps: Pick<LetterDeps, "control" | "deadLetters">,
  ask: { readonly rollout: RolloutId | null; readonly state: LetterState | null },
): Promise<LetterList> {
  const { value: control } = await deps.control.readControl();
  const rollouts = ask.rollout === null ? [...control.rollouts.map(({ id }) => id), null] : [ask.rollout];
  const found = (await Promise.all(rollouts.map((rollout) => deps.deadLetters.list(rollout)))).flat();
  const letters = found.map(listed).sort((a, b) => b.at - a.at);
  const asked = letters.filter(({ state }) => ask.state === null || state === ask.state);
  return {
    letters: asked.slice(0, LISTED_MAX),
    open: letters.filter(({ state }) => state === "open").length,
    more: Math.max(0, asked.length - LISTED_MAX),
  };
}

function listed(letter: StoredLetter): ListedLetter {
  const { rollout, id, at, queue, messageId, reason, deliveryCount, deeds } = letter;
  const state = stateOfLetter(deeds);
  return { rollout, id, at, queue, messageId, reason, deliveryCount, cause: causeOf(reason), state, deeds };
}

export interface ConcernedUser {
  readonly userId: UserId;
  readonly slot: number;
  readonly phase: Phase;
  /** The phase that a failed, excluded or held user left. */
  readonly was: Phase | null;
  readonly reason: string | null;
}

export interface ExplainedLetter extends ListedLetter, CauseWords {
  readonly body: string;
  /** What it asked for, when that can be read. */
  readonly step: (BatchAddress & { readonly step: Step }) | null;
  /** Who failed by it, and where each stands now. */
  readonly users: readonly ConcernedUser[];
  readonly replay: { readonly possible: boolean; readonly because: string };
}

/** @throws Refusal when there is no such letter · Unavailable */
export async function explainDeadLetter(deps: LetterDeps, place: LetterPlace): Promise<ExplainedLetter> {
  const letter = await findLetter(deps, place);
  const looked = await inspectLetter(deps, letter);
  const { nudge } = looked;
  const step =
    nudge === null ? null : { rollout: nudge.rollout, wave: nudge.wave, batch: nudge.batch, step: nudge.step };
  const slots = nudge === null ? [] : await readConcerned(deps, letter, nudge);
  const batch = looked.kind === "ready" ? looked.batch : nudge === null ? null : await deps.batches.load(nudge);
  const users = batch === null ? [] : usersOf(batch, slots);
  const replay = replayOf(looked, letter, users);
  const isNotOurs = looked.kind === "refused" && deps.parseNudge(letter.body).kind === "nudge" && nudge === null;
  const one = listed(letter);
  const cause = isNotOurs ? "not-ours" : one.cause;
  return { ...one, cause, ...wordsOf(cause, letter.deeds), body: letter.body, step, users, replay };
}

function usersOf({ rows }: Batch, slots: readonly number[]): readonly ConcernedUser[] {
  return rows
    .filter(({ slot }) => slots.includes(slot))
    .map(({ slot, enrollment: { userId, state } }) => ({ userId, slot, ...standing(state) }));
}

function standing(state: State): Omit<ConcernedUser, "userId" | "slot"> {
  if (!isWrapper(state)) return { phase: state.phase, was: null, reason: null };
  return { phase: state.phase, was: state.was.phase, reason: state.phase === "restoring" ? null : state.reason };
}

function replayOf(
  looked: Inspection,
  letter: StoredLetter,
  users: readonly ConcernedUser[],
): ExplainedLetter["replay"] {
  if (looked.kind === "refused") return { possible: false, because: `${looked.what} ${looked.fix}` };
  if (stateOfLetter(letter.deeds) === "replayed") return { possible: false, because: "It was replayed before." };
  const waiting = users.filter(({ phase, reason }) => phase === "failed" && reason === "dead-lettered").length;
  const because =
    waiting === 0
      ? "Nobody waits for it: a replay only records that it was seen to."
      : `It gives ${String(waiting)} users back to their step.`;
  return { possible: true, because };
}
