// What can happen to one enrollment. Events say what is known to have happened; whether it changes anything is `transition`'s word.
import type { Failure, FailureReason } from "./failure.ts";
import type { Instant } from "./instant.ts";
import type { MfaState, NoticeKey, SenderId, Step } from "./names.ts";
import type { RegistrationValue } from "./registration.ts";

interface At {
  readonly at: Instant;
}

/** One variant a kind, so that a switch on `kind` narrows. */
type Plain<K extends string> = K extends string ? At & { readonly kind: K } : never;

export type EnrollmentEvent =
  | Plain<"enable-succeeded" | "enable-deferred" | "enforce-succeeded" | "restore-succeeded">
  | (At & {
      readonly kind: "notice-claimed";
      readonly notice: NoticeKey;
      readonly sender: SenderId;
      readonly expiresAt: Instant;
      readonly enforceAfter: Instant;
    })
  | (Plain<"notice-sent" | "notice-uncertain"> & { readonly notice: NoticeKey })
  | (At & {
      readonly kind: "step-failed";
      readonly step: Step;
      readonly failure: Failure;
      /** The next try, if there is one, not before this. */
      readonly notBefore: Instant;
      /** Of `notify`: the notice whose mail it was. Absent where no mail was begun, or nobody kept which. */
      readonly notice?: NoticeKey;
    })
  | (At & { readonly kind: "gave-up"; readonly reason: FailureReason })
  | (At & { readonly kind: "registration-observed"; readonly value: RegistrationValue })
  | (At & {
      readonly kind: "state-observed";
      readonly mfaState: MfaState;
      /** Who set it, where the directory's audit tells. */
      readonly by?: string;
    })
  | (At & { readonly kind: "excluded"; readonly reason: string })
  | (At & { readonly kind: "held"; readonly reason: string; readonly owner: string; readonly until: Instant })
  | Plain<
      | "reinstated"
      | "released"
      | "retry-requested"
      | "methods-reset"
      | "user-gone"
      | "user-returned"
      | "restore-requested"
    >;

export type EventKind = EnrollmentEvent["kind"];

export const EVENT_KINDS = [
  "enable-succeeded",
  "enable-deferred",
  "notice-claimed",
  "notice-sent",
  "notice-uncertain",
  "enforce-succeeded",
  "step-failed",
  "gave-up",
  "registration-observed",
  "state-observed",
  "excluded",
  "reinstated",
  "held",
  "released",
  "retry-requested",
  "methods-reset",
  "user-gone",
  "user-returned",
  "restore-requested",
  "restore-succeeded",
] as const satisfies readonly EventKind[];
