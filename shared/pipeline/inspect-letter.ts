// A dead letter looked at anew: can it be replayed, and whom did it concern? Asked by explain and by replay, so that both say the same.
import { DAY_MS } from "../domain/instant.ts";
import { CAUSE_BEFORE_IDS, letterCause, stateOfLetter } from "../domain/letter.ts";
import type { Nudge } from "../domain/nudge.ts";
import { misplacement } from "../domain/nudge.ts";
import type { Policy } from "../domain/policy.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Batch, BatchStore } from "../ports/batch-store.ts";
import type { ControlStore } from "../ports/control-store.ts";
import type { DeadLetterStore, LetterPlace, StoredLetter } from "../ports/dead-letter-store.ts";
import type { Parsed } from "./receive-nudge.ts";

export interface LetterDeps {
  readonly tenant: string;
  readonly batches: BatchStore;
  readonly control: ControlStore;
  readonly deadLetters: DeadLetterStore;
  /** From the codec: a body as it stands in a letter. */
  readonly parseNudge: (text: string) => Parsed;
}

export type Inspection =
  | { readonly kind: "ready"; readonly nudge: Nudge; readonly batch: Batch; readonly policy: Policy }
  /** `nudge`: readable all the same. */
  | { readonly kind: "refused"; readonly what: string; readonly fix: string; readonly nudge: Nudge | null };

const DISMISS = "Dismiss it with a reason.";

/** @throws Refusal when there is no such letter · Unavailable */
export async function findLetter(
  { deadLetters }: Pick<LetterDeps, "deadLetters">,
  place: LetterPlace,
): Promise<StoredLetter> {
  const letter = await deadLetters.find(place);
  if (letter !== null) return letter;
  const of = place.rollout === null ? "without a rollout" : `of rollout ${place.rollout}`;
  const fix = "List the dead letters: each has its rollout and its id.";
  throw new Refusal("not-found", { what: `There is no dead letter ${place.id} ${of}.`, fix, where: "id" });
}

export async function inspectLetter(deps: LetterDeps, letter: StoredLetter): Promise<Inspection> {
  const parsed = deps.parseNudge(letter.body);
  if (parsed.kind === "malformed")
    return { kind: "refused", what: `It cannot be read: ${parsed.because}.`, fix: DISMISS, nudge: null };
  const { nudge } = parsed;
  const wrong = misplacement(deps, nudge, letter);
  if (wrong !== null) return { kind: "refused", what: `It is not ours: ${wrong}.`, fix: DISMISS, nudge: null };
  const [{ value: control }, batch] = await Promise.all([deps.control.readControl(), deps.batches.load(nudge)]);
  const policy = control.rollouts.find(({ id }) => id === nudge.rollout)?.policy;
  if (policy === undefined)
    return { kind: "refused", what: `No rollout ${nudge.rollout} is active.`, fix: DISMISS, nudge };
  if (batch === null) {
    const what = `Wave ${nudge.wave} of rollout ${nudge.rollout} has no batch ${String(nudge.batch)}.`;
    return { kind: "refused", what, fix: DISMISS, nudge };
  }
  const last = letter.deeds.at(-1);
  if (stateOfLetter(letter.deeds) === "dismissed" && last !== undefined) {
    const fix = "Retry its users instead: whoever failed as dead-lettered can be retried.";
    return { kind: "refused", what: `It was dismissed by ${last.by}: ${last.because}`, fix, nudge };
  }
  return { kind: "ready", nudge, batch, policy };
}

/** Slots that failed by this letter, whatever became of them since: the journal tells. */
export async function readConcerned(
  { batches }: Pick<LetterDeps, "batches">,
  letter: StoredLetter,
  nudge: Nudge,
): Promise<readonly number[]> {
  const slots = new Set<number>();
  for await (const { cause, at, changes } of batches.readJournal(nudge)) {
    const isOld = cause === CAUSE_BEFORE_IDS && at >= letter.at && at <= letter.at + DAY_MS;
    if (isOld || cause === letterCause(letter.id)) for (const { slot } of changes) slots.add(slot);
  }
  return [...slots].sort((a, b) => a - b);
}
