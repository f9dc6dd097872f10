// mfa-notify: claim, then mail, then save. The claim fixes the deadline that the mail prints; a mail that may have left is never sent
// again by itself (invariant 5).
import { claimExpiry, earliestDeadline } from "../domain/deadline.ts";
import { decide } from "../domain/decide.ts";
import type { SenderId } from "../domain/names.ts";
import { GRAPH_BATCH_STEPS, slice } from "../domain/slice.ts";
import type { Recipient } from "../ports/directory.ts";
import { looksOpen, pauseRollout } from "./circuit.ts";
import { finishStep } from "./finish-step.ts";
import { applyFailures, judgeReads, throttledOf } from "./judge.ts";
import { announceRest } from "./rest.ts";
import type { StepResult, StepWork } from "./run-step.ts";
import { saveSheet } from "./save-batch.ts";
import type { Claimed } from "./send-notices.ts";
import { sendNotices } from "./send-notices.ts";
import { settleDue } from "./settle-due.ts";
import type { StepDeps } from "./step-deps.ts";

export async function notifyBatch(deps: StepDeps, work: StepWork): Promise<StepResult> {
  const { sheet, nudge } = work;
  const granted = nudge.grant.flatMap(({ sender, count }) => Array.from({ length: count }, () => sender));
  const due = settleDue(deps, work);
  const mine = due.slice(0, granted.length);
  if (mine.length === 0 && sheet.changed.length === 0) return { result: "nothing-due", acted: 0, failed: 0 };

  const recipients = await readRecipients(deps, work, mine);
  const claimed = claimNotices(deps, work, recipients, granted);
  await saveSheet(deps, sheet, { actor: "worker", cause: "notify: claimed", nudgeAt: 0 });

  await sendNotices(deps, work, claimed);
  // No nudge of our own: another mail needs a grant, and only the planner gives one.
  return finishStep(deps, work, { acted: mine.length, nudgeAt: 0 });
}

/** Addresses are read just before they are used: people are renamed. */
async function readRecipients(
  deps: StepDeps,
  work: StepWork,
  slots: readonly number[],
): Promise<ReadonlyMap<number, Recipient>> {
  const { sheet } = work;
  const found = new Map<number, Recipient>();
  const parts = slice(slots, GRAPH_BATCH_STEPS);
  // A batch is two calls of Graph: side by side, since nothing is written by them.
  const answers = await Promise.all(
    parts.map((part) => deps.directory.readRecipients(part.map((slot) => sheet.row(slot).enrollment.userId))),
  );
  for (const [partIndex, part] of parts.entries()) {
    const reads = answers[partIndex] ?? [];
    const judged = judgeReads(part, reads);
    if (looksOpen(judged)) {
      await pauseRollout(deps, work.nudge, "Graph refuses to show users: the reader's permission is gone");
      return new Map();
    }
    applyFailures(deps, sheet, "notify", judged);
    await announceRest(deps, "graph-read", throttledOf(judged));
    part.forEach((slot, index) => {
      const read = reads[index];
      if (read?.kind !== "read") return;
      if (read.value.mail === "") sheet.apply(slot, { kind: "gave-up", reason: "no-address", at: deps.clock.now() });
      else found.set(slot, read.value);
    });
  }
  return found;
}

function claimNotices(
  deps: StepDeps,
  work: StepWork,
  recipients: ReadonlyMap<number, Recipient>,
  senders: readonly SenderId[],
): readonly Claimed[] {
  const { sheet, rollout } = work;
  const calendar = deps.calendarOf(rollout.timeZone);
  const now = deps.clock.now();
  const expiresAt = claimExpiry(now);
  const enforceAfter = calendar.nextSlot(earliestDeadline(now, sheet.policy));
  const claimed: Claimed[] = [];
  for (const [slot, recipient] of recipients) {
    const decision = decide("notify", sheet.row(slot).enrollment, sheet.policy, now);
    const sender = senders[claimed.length];
    if (decision.kind !== "act" || decision.target.kind !== "send-notice" || sender === undefined) continue;
    const { notice } = decision.target;
    sheet.apply(slot, { kind: "notice-claimed", notice, sender, at: now, expiresAt, enforceAfter });
    const { claim } = sheet.row(slot).enrollment;
    if (claim.kind === "open")
      claimed.push({ slot, notice, sender, recipient, expiresAt, enforceAfter: claim.enforceAfter });
  }
  return claimed;
}
