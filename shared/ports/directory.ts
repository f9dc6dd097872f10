// The tenant as the pipeline sees it. Adapters: azure/graph-directory, memory/directory; suite: test/conformance/directory.
// Every user-wise call takes at most 20 users (one `$batch`) and answers each from that user's own step (invariant 4).
import type { Answer } from "../domain/failure.ts";
import type { Instant } from "../domain/instant.ts";
import type { KnownMfaState, MfaState, UserId } from "../domain/names.ts";
import type { RegistrationValue } from "../domain/registration.ts";

/** One user's answer: the value, or what is known of the failure. */
export type Read<T> =
  { readonly kind: "read"; readonly value: T } | { readonly kind: "failed"; readonly answer: Answer };

export interface DirectoryUser {
  readonly id: UserId;
  readonly userPrincipalName: string;
  readonly displayName: string;
  /** "" = none. */
  readonly mail: string;
  readonly department: string | null;
  readonly userType: "Member" | "Guest";
  readonly accountEnabled: boolean;
  readonly preferredLanguage: string | null;
  readonly createdAt: Instant;
}

/** What a notice needs, read just before it is sent: people are renamed. */
export interface Recipient {
  readonly displayName: string;
  readonly mail: string;
  readonly preferredLanguage: string | null;
}

export interface BreakGlassAccount {
  readonly id: UserId;
  readonly userPrincipalName: string;
  readonly enabled: boolean;
  readonly cloudOnly: boolean;
  readonly globalAdministrator: boolean;
}

export interface StateChange {
  readonly at: Instant;
  /** A person's user principal name, or `the app …`. */
  readonly by: string;
}

export interface RegistrationReportPage {
  /** When the newest row of the page was computed by the tenant. */
  readonly reportAt: Instant;
  readonly rows: readonly { readonly userId: UserId; readonly value: RegistrationValue }[];
}

export interface Directory {
  /** All users, page by page. @throws Unavailable */
  listUsers(): AsyncIterable<readonly DirectoryUser[]>;
  /** @throws Unavailable when no token could be had: nothing was sent */
  readMfaStates(users: readonly UserId[]): Promise<readonly Read<MfaState>[]>;
  /**
   * One PATCH a user, in the order of `users`. The caller has read the state and asks only for a difference.
   *
   * @returns each user's own answer; a `204` says that the request was accepted
   * @throws Unavailable when no token could be had: nothing was sent
   */
  setMfaStates(users: readonly UserId[], mfaState: KnownMfaState): Promise<readonly Answer[]>;
  /** From the users' own methods: for those in doubt only. @throws Unavailable */
  readRegistrations(users: readonly UserId[], now: Instant): Promise<readonly Read<RegistrationValue>[]>;
  /** @throws Unavailable */
  readRecipients(users: readonly UserId[]): Promise<readonly Read<Recipient>[]>;
  /** The registration report, page by page; stops with `Unavailable` when throttled or not licensed. */
  readRegistrationReport(now: Instant): AsyncIterable<RegistrationReportPage>;
  /**
   * The newest change of the user's MFA state after `since`, by the directory's audit, which is some minutes late.
   *
   * @returns `null` when the audit does not tell
   * @throws Unavailable
   */
  findStateChange(userId: UserId, since: Instant): Promise<StateChange | null>;
  /** Object ids or user principal names, which may be renamed or gone: those are absent from the answer. @throws Unavailable */
  readBreakGlass(accounts: readonly string[]): Promise<readonly BreakGlassAccount[]>;
}
