// What rollout.yaml says, once it is known to be right: pure data, every default filled in. `shared/codec/spec.ts` makes it.
import { DAY_MS } from "./instant.ts";
import type { RolloutId, SenderId, UserId, WaveId } from "./names.ts";
import type { Policy, UnregisteredThen } from "./policy.ts";
import { RETRY } from "./policy.ts";
import type { WaveSelector } from "./waves.ts";

/** A person as a spec may name one. Both are lower case, so that equal people are equal texts. */
export type UserRef =
  { readonly kind: "id"; readonly id: UserId } | { readonly kind: "upn"; readonly userPrincipalName: string };

export interface WaveSpec {
  readonly id: WaveId;
  /**
   * A user whom two waves name belongs to the earlier one; shares divide whom no other selector named, and add up to 100.
   * Names of users are lower case.
   */
  readonly selector: WaveSelector;
  /** Local date and time in the rollout's zone, `2026-03-02T08:00`. The calendar resolves it: clocks change, words do not. */
  readonly start: string;
}

export interface ExclusionSpec {
  readonly user: UserRef;
  readonly reason: string;
}

/** `at-once`: enabling a registered user binds before any deadline, which somebody must have decided. */
export type RegisteredSpec = { readonly mode: "deferred" } | { readonly mode: "at-once"; readonly reason: string };

export interface UnregisteredSpec {
  readonly waitDays: number;
  readonly then: UnregisteredThen;
  /** "" where none was given; never "" for `enforce`. */
  readonly reason: string;
}

export interface RolloutSpec {
  readonly apiVersion: "mfa-rollout/v1";
  readonly rollout: RolloutId;
  /** IANA name. */
  readonly timeZone: string;
  /** In the order of their starts; the former wave's soak parts two with the same start. */
  readonly waves: readonly WaveSpec[];
  readonly graceDays: number;
  /** A wave is watched at least so long before the next may start. */
  readonly soakDays: number;
  /** At most `graceDays`. */
  readonly leastNoticeDays: number;
  readonly registered: RegisteredSpec;
  readonly unregistered: UnregisteredSpec;
  /** At least two, distinct. */
  readonly breakGlass: readonly UserRef[];
  readonly exclusions: readonly ExclusionSpec[];
  /** Object ids or addresses of mailboxes, distinct, at least one. */
  readonly senders: readonly SenderId[];
}

/** The spec as the state machine reads it. */
export function policyOf(spec: RolloutSpec): Policy {
  return {
    graceMs: spec.graceDays * DAY_MS,
    leastNoticeMs: spec.leastNoticeDays * DAY_MS,
    unregisteredWaitMs: spec.unregistered.waitDays * DAY_MS,
    unregisteredThen: spec.unregistered.then,
    unregisteredReason: spec.unregistered.reason,
    registered: spec.registered.mode,
    retry: RETRY,
  };
}
