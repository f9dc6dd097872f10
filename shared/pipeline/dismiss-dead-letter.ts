// Dismiss: a person has looked at a letter and wants nothing done. Rows stay as they are; the letter stays, with who and why.
import { Refusal } from "../domain/refusal.ts";
import type { Clock } from "../ports/clock.ts";
import type { LetterDeps } from "./inspect-letter.ts";
import { findLetter } from "./inspect-letter.ts";
import type { LetterAnswer, LetterAsk } from "./replay-dead-letter.ts";
import { already, recordDeed } from "./replay-dead-letter.ts";

/** @throws Refusal when there is no such letter, or it was replayed · Conflict · Unavailable */
export async function dismissDeadLetter(
  deps: Pick<LetterDeps, "deadLetters"> & { readonly clock: Clock },
  ask: LetterAsk,
): Promise<LetterAnswer> {
  const letter = await findLetter(deps, ask);
  const last = letter.deeds.at(-1);
  if (last?.kind === "dismissed") return already("already-dismissed", last);
  if (last !== undefined) {
    const what = `Not dismissed. It was replayed by ${last.by}: ${last.because}`;
    throw new Refusal("not-possible", { what, fix: "Nothing is left to dismiss.", where: "id" });
  }
  const deed = { kind: "dismissed", at: deps.clock.now(), by: ask.by, because: ask.because } as const;
  const other = await recordDeed(deps, letter, deed);
  const note = "Its users stay as they are: whoever failed as dead-lettered can be retried one by one.";
  return other === null
    ? { result: "dismissed", at: deed.at, by: deed.by, moved: [], note }
    : already("already-dismissed", other);
}
