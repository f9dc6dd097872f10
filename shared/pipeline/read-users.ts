// Reads something of the users of a batch, and hears each answer by itself: the one place from which a step asks Graph about users.
import type { Instant } from "../domain/instant.ts";
import type { UserId } from "../domain/names.ts";
import { GRAPH_BATCH_STEPS, slice } from "../domain/slice.ts";
import type { Read } from "../ports/directory.ts";
import { looksOpen, pauseRollout } from "./circuit.ts";
import { earlierNudge } from "./earlier-nudge.ts";
import { applyFailures, judgeReads, throttledOf } from "./judge.ts";
import { announceRest } from "./rest.ts";
import type { StepWork } from "./run-step.ts";
import type { StepDeps } from "./step-deps.ts";

export interface UserQuestion<T> {
  readonly ask: (users: readonly UserId[]) => Promise<readonly Read<T>[]>;
  readonly hear: (slot: number, value: T) => void;
  /** What Graph refuses when the reader's permission is gone: `show users`. */
  readonly refusal: string;
}

export interface UserAnswers {
  /** `stopped`: the permission is gone, the rollout pauses, and nobody more is judged. */
  readonly kind: "read" | "stopped";
  /** The next try of those who did not answer; 0 = nobody. */
  readonly nudgeAt: Instant;
}

export async function readUsers<T>(
  deps: StepDeps,
  { sheet, nudge }: StepWork,
  slots: readonly number[],
  { ask, hear, refusal }: UserQuestion<T>,
): Promise<UserAnswers> {
  const parts = slice(slots, GRAPH_BATCH_STEPS);
  // A batch is two calls of Graph: side by side, since nothing is written by them.
  const answers = await Promise.all(parts.map((part) => ask(part.map((slot) => sheet.row(slot).enrollment.userId))));
  let nudgeAt: Instant = 0;
  for (const [index, part] of parts.entries()) {
    const given = answers[index] ?? [];
    if (looksOpen(judgeReads(part, given))) {
      await pauseRollout(deps, nudge, `Graph refuses to ${refusal}: the reader's permission is gone`, {
        restoreToo: true,
      });
      return { kind: "stopped", nudgeAt };
    }
    const reads = unknownAsUnanswered(given);
    for (const [place, slot] of part.entries()) {
      const read = reads[place];
      if (read?.kind === "read") hear(slot, read.value);
    }
    const judged = judgeReads(part, reads);
    nudgeAt = earlierNudge(nudgeAt, applyFailures(deps, sheet, nudge.step, judged));
    await announceRest(deps, "graph-read", throttledOf(judged));
  }
  return { kind: "read", nudgeAt };
}

/**
 * An answer that says nothing is no answer: a try that counts and is followed by a wait. Left as a look that went well, it would leave
 * the row due as it was, and the same user would be looked at for ever.
 */
function unknownAsUnanswered<T>(reads: readonly Read<T>[]): readonly Read<T>[] {
  return reads.map((read) =>
    read.kind === "read" && read.value === "unknown" ? { kind: "failed", answer: { kind: "none" } } : read,
  );
}
