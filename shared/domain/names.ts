// The words of the pipeline as types: who, where, which step, which notice.

/** Entra object id, lower-case GUID. Never a user principal name: those are renamed and hold characters that cut URLs. */
export type UserId = string;
/** `^[a-z0-9-]{1,40}$` */
export type RolloutId = string;
/** `^[a-z0-9-]{1,40}$` */
export type WaveId = string;
/** Object id or address of a mailbox that sends notices. */
export type SenderId = string;

export const STEPS = ["enable", "notify", "enforce", "restore"] as const;
export type Step = (typeof STEPS)[number];

/** What Graph reports; `unknown` is a value of its own and is never read as `disabled`. */
export const MFA_STATES = ["disabled", "enabled", "enforced"] as const;
export type KnownMfaState = (typeof MFA_STATES)[number];
export type MfaState = KnownMfaState | "unknown";

/** A template of words; the key of one sending of it is a `NoticeKey`. */
export const NOTICE_KINDS = ["first-notice", "follow-up", "methods-reset", "reminder"] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** Each key is sent to a user at most once (invariant 5). */
export type NoticeKey = "first-notice" | `${"follow-up" | "methods-reset" | "reminder"}-${number}`;

export function noticeKind(key: NoticeKey): NoticeKind {
  return NOTICE_KINDS.find((kind) => key === kind || key.startsWith(`${kind}-`)) ?? "first-notice";
}

/** Where a batch lies. A block is a table partition, a batch is one message and one transaction. */
export interface BatchAddress {
  readonly rollout: RolloutId;
  readonly wave: WaveId;
  /** From 0, within the wave. */
  readonly batch: number;
}
