// mfa-notify: claim, then mail, then save. The claim fixes the deadline that the mail prints; a mail that may have left is never sent
// again by itself (invariant 5).
import { claimExpiry, earliestDeadline } from "../domain/deadline.ts";
import { decide } from "../domain/decide.ts";
import type { SenderId } from "../domain/names.ts";
import type { Recipient } from "../ports/directory.ts";
import { finishStep } from "./finish-step.ts";
import { readUsers } from "./read-users.ts";
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
  const found = new Map<number, Recipient>();
  const { kind } = await readUsers(deps, work, slots, {
    ask: (users) => deps.directory.readRecipients(users),
    hear: (slot, recipient) => {
      if (recipient.mail !== "") found.set(slot, recipient);
      else work.sheet.apply(slot, { kind: "gave-up", reason: "no-address", at: deps.clock.now() });
    },
    refusal: "show users",
  });
  return kind === "stopped" ? new Map() : found;
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
