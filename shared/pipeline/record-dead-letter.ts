// A message that Service Bus gave up on, or that nobody can read: kept where an operator sees it, and its users marked, unless so many
// come at once that the wave itself must stop.
import { AUTOMATION, withStop } from "../domain/control.ts";
import { decide } from "../domain/decide.ts";
import { MINUTE_MS } from "../domain/instant.ts";
import { letterCause } from "../domain/letter.ts";
import type { Nudge } from "../domain/nudge.ts";
import type { DeadLetter } from "../ports/dead-letter-store.ts";
import { Conflict } from "../ports/errors.ts";
import { loadSheet } from "./load-sheet.ts";
import { CONFLICTS_MAX, saveSheet } from "./save-batch.ts";
import type { StepDeps } from "./step-deps.ts";

export interface DeadMessage {
  readonly queue: string;
  readonly messageId: string;
  readonly body: string;
  readonly reason: string;
  readonly deliveryCount: number;
  /** `null`: the body is no nudge. */
  readonly nudge: Nudge | null;
}

type DeadLetterDeps = Pick<StepDeps, "deadLetters" | "batches" | "control" | "clock" | "ids" | "log">;

/** So many of one step within ten minutes are no accident of one batch. */
const TOGETHER = 3;
const TOGETHER_MS = 10 * MINUTE_MS;

/** Infrastructure faults are thrown: the letter stays in its queue, where nothing is lost, and comes again. */
export async function recordDeadLetter(
  deps: DeadLetterDeps,
  message: DeadMessage,
): Promise<{ readonly result: "recorded" | "marked" | "wave-paused" }> {
  const now = deps.clock.now();
  const { nudge, queue, messageId, body, reason, deliveryCount } = message;
  const rollout = nudge?.rollout ?? null;
  const letter: DeadLetter = { rollout, at: now, queue, messageId, body: body.slice(0, 32_000), reason, deliveryCount };
  const id = await deps.deadLetters.record(letter);
  deps.log.error("dead letter", { queue, messageId, reason, deliveryCount, rollout: rollout ?? "" });
  if (nudge === null) return { result: "recorded" };
  const together = (await deps.deadLetters.list(nudge.rollout)).filter(
    (other) => other.queue === queue && now - other.at <= TOGETHER_MS,
  );
  if (together.length >= TOGETHER) {
    const because = `${together.length} messages of ${queue} were dead-lettered within ten minutes`;
    await deps.control.updateControl((control) =>
      withStop(control, nudge.rollout, { wave: nudge.wave, because, by: AUTOMATION, at: now }),
    );
    return { result: "wave-paused" };
  }
  await markRows(deps, nudge, letterCause(id));
  return { result: "marked" };
}

/** Rows that are still due for that step fail, with a reason; what was done in the meantime stays done. */
async function markRows(deps: DeadLetterDeps, nudge: Nudge, cause: string): Promise<void> {
  for (let tries = 1; tries <= CONFLICTS_MAX; tries += 1) {
    try {
      const sheet = await loadSheet(deps, nudge);
      if (sheet === null) return;
      const now = deps.clock.now();
      for (const { slot, enrollment } of sheet.rows) {
        if (decide(nudge.step, enrollment, sheet.policy, now).kind !== "act") continue;
        sheet.apply(slot, { kind: "gave-up", reason: "dead-lettered", at: now });
      }
      await saveSheet(deps, sheet, { actor: "worker", cause, nudgeAt: 0 });
      return;
    } catch (error) {
      if (!(error instanceof Conflict) || tries === CONFLICTS_MAX) throw error;
    }
  }
}
