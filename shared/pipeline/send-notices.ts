// The mails of one batch: senders side by side, each four at a time, as its mailbox works.
import { maySendUnder } from "../domain/deadline.ts";
import type { Instant } from "../domain/instant.ts";
import type { NoticeKey, SenderId } from "../domain/names.ts";
import { MAIL_BATCH_STEPS, slice } from "../domain/slice.ts";
import type { Recipient } from "../ports/directory.ts";
import { Unavailable } from "../ports/errors.ts";
import type { Mail } from "../ports/notifier.ts";
import { looksOpen, pauseRollout } from "./circuit.ts";
import type { Judged } from "./judge.ts";
import { applyFailures, judgeAnswers, NOT_TRIED, throttledOf } from "./judge.ts";
import { announceRest } from "./rest.ts";
import type { StepWork } from "./run-step.ts";
import type { StepDeps } from "./step-deps.ts";

export interface Claimed {
  readonly slot: number;
  readonly notice: NoticeKey;
  readonly sender: SenderId;
  readonly recipient: Recipient;
  readonly expiresAt: Instant;
  readonly enforceAfter: Instant;
}

export async function sendNotices(deps: StepDeps, work: StepWork, claimed: readonly Claimed[]): Promise<void> {
  const senders = [...new Set(claimed.map(({ sender }) => sender))];
  await Promise.all(
    senders.map((sender) =>
      sendBySender(
        deps,
        work,
        claimed.filter((one) => one.sender === sender),
      ),
    ),
  );
}

async function sendBySender(deps: StepDeps, work: StepWork, claimed: readonly Claimed[]): Promise<void> {
  const parts = slice(claimed, MAIL_BATCH_STEPS);
  for (const [index, part] of parts.entries()) {
    const sent = (await maySend(deps, work, part)) ? await sendPart(deps, work, part) : "stop";
    if (sent === "stop") {
      const untried = parts
        .slice(index)
        .flat()
        .filter(({ slot }) => work.sheet.row(slot).enrollment.claim.kind === "open");
      // Known not to have left: the claims are given back, at no cost.
      applyFailures(
        deps,
        work.sheet,
        "notify",
        untried.map(({ slot }) => ({ slot, failure: NOT_TRIED })),
      );
      return;
    }
  }
}

async function maySend(deps: StepDeps, work: StepWork, part: readonly Claimed[]): Promise<boolean> {
  const now = deps.clock.now();
  if (now >= work.deadline || !part.every(({ expiresAt }) => maySendUnder(expiresAt, now))) return false;
  return work.guard.mayStart(work.sheet, ["mail"]);
}

async function sendPart(deps: StepDeps, work: StepWork, part: readonly Claimed[]): Promise<"go on" | "stop"> {
  const sender = part[0]?.sender;
  if (sender === undefined) return "go on";
  const mails = await Promise.all(part.map((one) => writeMail(deps, work, one)));
  let judged: readonly Judged[];
  try {
    judged = judgeAnswers(
      "mail",
      part.map(({ slot }) => slot),
      await deps.notifier.send(sender, mails),
    );
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    // No token: nothing was sent, and the planner comes back to it.
    deps.log.warn("notices put off: a service is down", { service: error.service, rollout: work.nudge.rollout });
    return "stop";
  }
  const wrong = judged.filter(({ failure }) => failure?.scope === "sender");
  if (wrong.length > 0)
    await pauseRollout(deps, work.nudge, `the sender ${sender} cannot send mail: mend its mailbox or its permission`);
  if (looksOpen(judged)) {
    // Nobody is judged by it: the claims are given back.
    await pauseRollout(deps, work.nudge, "Graph refuses to send mail: the notifier's permission is gone");
    return "stop";
  }
  recordMails(deps, work, part, judged);
  const throttled = throttledOf(judged);
  await announceRest(deps, "mail", throttled);
  return wrong.length > 0 || throttled.length > 0 ? "stop" : "go on";
}

function recordMails(deps: StepDeps, work: StepWork, part: readonly Claimed[], judged: readonly Judged[]): void {
  const now = deps.clock.now();
  part.forEach(({ slot, notice }, index) => {
    if (judged[index]?.failure === null) work.sheet.apply(slot, { kind: "notice-sent", notice, at: now });
  });
  applyFailures(deps, work.sheet, "notify", judged);
}

async function writeMail(deps: StepDeps, work: StepWork, one: Claimed): Promise<Mail> {
  const { rollout } = work;
  const calendar = deps.calendarOf(rollout.timeZone);
  const { recipient, notice } = one;
  const text = await deps.notices.write({
    notice,
    language: recipient.preferredLanguage,
    displayName: recipient.displayName,
    formatDeadline: (language) => calendar.format(one.enforceAfter, language),
    rollout: rollout.id,
    helpContact: rollout.helpContact,
  });
  const { userId } = work.sheet.row(one.slot).enrollment;
  return { userId, rollout: rollout.id, notice, to: recipient.mail, ...text };
}
