// One user in one rollout: the row that everything turns on. Wrappers (failed, excluded, held, restoring) hold the phase they left,
// never each other, so that coming back is lossless.
import type { Instant } from "./instant.ts";
import type { KnownMfaState, NoticeKey, SenderId, Step, UserId } from "./names.ts";
import type { FailureReason } from "./failure.ts";
import type { Registration } from "./registration.ts";
import { NEVER_LOOKED } from "./registration.ts";
import { unreachable } from "./unreachable.ts";

export interface Queued {
  readonly phase: "queued";
}
export interface Enabled {
  readonly phase: "enabled";
  readonly enabledAt: Instant;
  /** The notice that this user is to get next. */
  readonly notice: NoticeKey;
}
export interface Notified {
  readonly phase: "notified";
  /** A notice was confirmed then; uncertain ones never lead here. */
  readonly toldAt: Instant;
  /** The deadline printed in the notice. */
  readonly enforceAfter: Instant;
}
export type Told =
  { readonly kind: "not-told" } | { readonly kind: "told"; readonly toldAt: Instant; readonly enforceAfter: Instant };
export interface Enforced {
  readonly phase: "enforced";
  readonly enforcedAt: Instant;
  /** `written`: by us; `observed`: by the user's own registration; `found`: before the rollout began. */
  readonly how: "written" | "observed" | "found";
  readonly told: Told;
}

export type Live = Queued | Enabled | Notified;
export type Base = Live | Enforced;

/** A wrapper that a user fell into while being restored: coming back goes on with the restore, which was ordered then. */
interface MayHaveLeftRestoring {
  readonly restoringSince?: Instant;
}

export interface Failed extends MayHaveLeftRestoring {
  readonly phase: "failed";
  readonly was: Base;
  readonly reason: FailureReason;
  readonly at: Instant;
}
export interface Excluded extends MayHaveLeftRestoring {
  readonly phase: "excluded";
  readonly was: Base;
  readonly reason: string;
  readonly at: Instant;
}
export interface Held {
  readonly phase: "held";
  readonly was: Base;
  readonly reason: string;
  readonly owner: string;
  readonly at: Instant;
  /** The hold ends by itself then. */
  readonly until: Instant;
}
export interface Restoring {
  readonly phase: "restoring";
  readonly was: Base;
  readonly at: Instant;
}
export interface Restored {
  readonly phase: "restored";
  readonly at: Instant;
}

export type Wrapper = Failed | Excluded | Held | Restoring;
export type State = Base | Wrapper | Restored;
export type Phase = State["phase"];

export const PHASES = [
  "queued",
  "enabled",
  "notified",
  "enforced",
  "failed",
  "excluded",
  "held",
  "restoring",
  "restored",
] as const satisfies readonly Phase[];

/** The MFA state before our first write; rollback goes back to this, and only if it was observed. */
export type Prior =
  | { readonly kind: "unobserved" }
  | { readonly kind: "observed"; readonly mfaState: KnownMfaState; readonly at: Instant };

/** Written before a mail is sent: who sends which notice until when, and the deadline that the mail prints. */
export type Claim =
  | { readonly kind: "none" }
  | {
      readonly kind: "open";
      readonly notice: NoticeKey;
      readonly sender: SenderId;
      readonly claimedAt: Instant;
      readonly expiresAt: Instant;
      readonly enforceAfter: Instant;
    };

export interface NoticeRecord {
  readonly notice: NoticeKey;
  readonly at: Instant;
  readonly outcome: "sent" | "uncertain";
  readonly enforceAfter: Instant;
}

export interface Enrollment {
  readonly userId: UserId;
  readonly state: State;
  readonly prior: Prior;
  /** The strongest MFA state that a Graph write of ours set and that was answered with success. */
  readonly written: "nothing" | "enabled" | "enforced";
  readonly registration: Registration;
  /** The next try of the phase's step is this one, from 1. */
  readonly attempt: number;
  /** No step before this instant; 0 = at once. */
  readonly notBefore: Instant;
  readonly claim: Claim;
  readonly notices: readonly NoticeRecord[];
  /** How often somebody else took back what we had written. */
  readonly reverts: number;
}

export const NO_CLAIM: Claim = { kind: "none" };

export function newEnrollment(userId: UserId): Enrollment {
  return {
    userId,
    state: { phase: "queued" },
    prior: { kind: "unobserved" },
    written: "nothing",
    registration: NEVER_LOOKED,
    attempt: 1,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [],
    reverts: 0,
  };
}

export function isLive(state: State): state is Live {
  return state.phase === "queued" || state.phase === "enabled" || state.phase === "notified";
}

export function isWrapper(state: State): state is Wrapper {
  return (
    state.phase === "failed" || state.phase === "excluded" || state.phase === "held" || state.phase === "restoring"
  );
}

/** When the roll back was ordered that this user is in, or fell out of by a failure or by being gone; `undefined` = none. */
export function restoringSince(state: State): Instant | undefined {
  if (state.phase === "restoring") return state.at;
  return state.phase === "failed" || state.phase === "excluded" ? state.restoringSince : undefined;
}

/** Nothing more happens by itself. A held user is not final, but nothing is due before the hold ends. */
export function isFinal(state: State): boolean {
  return (
    state.phase === "enforced" || state.phase === "restored" || state.phase === "excluded" || state.phase === "failed"
  );
}

/** The step that is due in a phase, if any. A held user's step is that of the phase it left. */
export function stepOf(state: State): Step | null {
  switch (state.phase) {
    case "queued":
      return "enable";
    case "enabled":
      return "notify";
    case "notified":
      return "enforce";
    case "restoring":
      return "restore";
    case "held":
      // Who became enforced while held still has a hold that must end: the last step looks after it.
      return stepOf(state.was) ?? "enforce";
    case "enforced":
    case "failed":
    case "excluded":
    case "restored":
      return null;
    default:
      return unreachable(state);
  }
}
