// A message that was set aside: why, what was done about it, and what a person can do. Words for people; no I/O.
import type { Instant } from "./instant.ts";
import { unreachable } from "./unreachable.ts";

export interface LetterDeed {
  readonly kind: "replayed" | "dismissed";
  readonly at: Instant;
  /** A person's name. */
  readonly by: string;
  readonly because: string;
}

/** What is said of a letter: nothing was done yet, or the newest deed. */
export type LetterState = "open" | LetterDeed["kind"];

export function stateOfLetter(deeds: readonly LetterDeed[]): LetterState {
  return deeds.at(-1)?.kind ?? "open";
}

/** `not-ours`: readable, and of another tenant or in another step's queue. */
export type LetterCause = "malformed" | "not-ours" | "tried-too-often" | "expired" | "unknown";

/** Source: Microsoft Learn, "Overview of Service Bus dead-letter queues", reasons that the service itself gives. */
const REASONS: Readonly<Record<string, LetterCause>> = {
  MaxDeliveryCountExceeded: "tried-too-often",
  TTLExpiredException: "expired",
};

export function causeOf(reason: string): LetterCause {
  if (reason.startsWith("malformed: ")) return "malformed";
  return Object.entries(REASONS).find(([name]) => name === reason)?.[1] ?? "unknown";
}

export interface CauseWords {
  readonly what: string;
  readonly advice: string;
}

export function wordsOf(cause: LetterCause, deeds: readonly LetterDeed[]): CauseWords {
  const done = deeds.at(-1);
  if (done !== undefined) {
    const words = causeWords(cause);
    const advice = `Nothing: it was ${done.kind} by ${done.by}: ${done.because}`;
    return { what: words.what, advice };
  }
  return causeWords(cause);
}

function causeWords(cause: LetterCause): CauseWords {
  switch (cause) {
    case "malformed":
      return {
        what: "This build cannot read it: another program sent it, or a newer build did.",
        advice: "Find who sent it. No user waits for it, since the tables say what is due: dismiss it with a reason.",
      };
    case "not-ours":
      return {
        what: "It is of another tenant, or stands in the queue of another step: nobody acted on it.",
        advice: "Find who sent it and who may send to this queue, then dismiss it with a reason.",
      };
    case "tried-too-often":
      return {
        what: "Each try ended in an error of the program, until Service Bus gave up.",
        advice: "Find the error in the log by rollout, wave and batch; when its cause is mended, replay the letter.",
      };
    case "expired":
      return {
        what: "Nobody took it before it expired: the function app was stopped, or far behind.",
        advice: "See that the app runs, then replay the letter.",
      };
    case "unknown":
      return {
        what: "Service Bus did not say why it was set aside: somebody may have done it by hand.",
        advice: "Look at its body and reason; replay it when nothing speaks against it, else dismiss it with a reason.",
      };
    default:
      return unreachable(cause);
  }
}

/** As a build wrote it that gave letters no id. */
export const CAUSE_BEFORE_IDS = "dead letter";

/** What a letter's marks stand under in the journal. */
export function letterCause(id: string): string {
  return `${CAUSE_BEFORE_IDS} ${id}`;
}
