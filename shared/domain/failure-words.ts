// What an admin needs to know of each reason of failure: what happened, and what to do. The page shows these words, and each reason has
// its section in docs/RUNBOOK.md.
import type { FailureReason } from "./failure.ts";
import { FAILURE_REASONS } from "./failure.ts";

export interface FailureWords {
  readonly happened: string;
  readonly todo: string;
}

export const FAILURE_WORDS: Readonly<Record<FailureReason, FailureWords>> = {
  throttled: {
    happened: "Graph asked for rest again and again.",
    todo: "Retry the users; ask which other apps use the tenant's quota.",
  },
  "mailbox-busy": {
    happened: "The sender's mailbox took no more mails at once.",
    todo: "Retry the users; use more senders, or keep other programs off these mailboxes.",
  },
  "graph-unavailable": {
    happened: "Graph answered with server errors, eight times.",
    todo: "Look at the service health of Microsoft 365, then retry the users.",
  },
  "no-answer": {
    happened: "Graph gave no answer that could be read, eight times; what was asked may have been done.",
    todo: "Retry the users: their state is read first, and nothing is done twice.",
  },
  "concurrent-change": {
    happened: "Another program changed the same users at the same time, eight times.",
    todo: "Find what else writes to these users, stop it, and retry them.",
  },
  "token-refused": {
    happened: "Graph refused the app's token for this user, over two days.",
    todo: "Look whether the app's identity is disabled or restricted, then retry the users.",
  },
  "permission-missing": {
    happened: "The app lacks a permission that the step needs.",
    todo: "Grant the permission to the app's identity, then retry the users.",
  },
  "protected-object": {
    happened:
      "Graph allows the app to change others but not these users: most hold a directory role. Or it is a break-glass account.",
    todo: "Set such users by hand, or exclude them with a reason.",
  },
  "licence-missing": {
    happened: "The tenant lacks the licence (Entra ID P1) that the call needs.",
    todo: "Assign the licence, then retry the users; or exclude them.",
  },
  "user-gone": {
    happened: "The account does not exist any more.",
    todo: "Nothing. If the account is restored, reinstate the user.",
  },
  "sender-unusable": {
    happened: "The sender's mailbox is missing, or the app may not send from it.",
    todo: "Mend the mailbox or its permission, lift the stop, then retry the users.",
  },
  "no-address": {
    happened: "The user has no mail address, so no notice can be sent, and nobody is enforced without one.",
    todo: "Give the user an address, then retry; or tell the user in person and exclude.",
  },
  "bad-request": {
    happened: "Graph refused the request as wrong: a fault of this product, or a change of Graph.",
    todo: "Do not retry. Report it with the log lines of the time.",
  },
  unclassified: {
    happened: "Graph answered in a way that this product does not know.",
    todo: "Look at the log lines of the time; retry one user to see whether it happens again, and report it.",
  },
  "not-registered": {
    happened: "The user had no usable method after the deadline and the wait.",
    todo: "Help the user to register: a registration reopens the user by itself.",
  },
  "notice-unconfirmed": {
    happened: "Five notices in a row were not confirmed: they may have arrived or not.",
    todo: "Look at the sender's sent and returned mails, mend what is wrong, then retry the users.",
  },
  "prior-unknown": {
    happened: "A roll back was ordered, and the MFA state from before is not on record.",
    todo: "Decide with the user's department, and set the state by hand in the portal.",
  },
  "dead-lettered": {
    happened: "The message for these users failed ten times and was set aside.",
    todo: "Read its reason in table `deadletters`, mend the cause, then retry the users.",
  },
};

/** `null`: a reason that a newer build stored. */
export function wordsOf(reason: string): FailureWords | null {
  const known = FAILURE_REASONS.find((one) => one === reason);
  return known === undefined ? null : FAILURE_WORDS[known];
}
