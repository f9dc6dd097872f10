// A tenant of a few people in memory: MFA states, registrations, mailboxes. It does what Graph does where that matters: who has a
// method and is set to `enabled` becomes `enforced`, and so does who registers while `enabled`.
import type { Answer } from "../domain/failure.ts";
import type { Instant } from "../domain/instant.ts";
import type { KnownMfaState, UserId } from "../domain/names.ts";
import type { RegistrationValue } from "../domain/registration.ts";
import type { BreakGlassAccount, DirectoryUser } from "../ports/directory.ts";
import type { Mail } from "../ports/notifier.ts";

export type TenantCall =
  | "list-users"
  | "read-state"
  | "write-state"
  | "read-registration"
  | "read-recipient"
  | "read-report"
  | "read-break-glass"
  | "read-audit"
  | "mail";

export interface TenantPerson {
  readonly user: DirectoryUser;
  mfaState: KnownMfaState;
  registration: Exclude<RegistrationValue, "unknown">;
  /** Absent from the report: neither registered nor not. */
  inReport: boolean;
  /** Writes that Graph carried out. */
  writes: KnownMfaState[];
  mails: { readonly at: Instant; readonly sender: string; readonly mail: Mail }[];
}

/** How one call for one user goes wrong, or `null`. `done`: it was carried out although its answer is a failure. */
export type TenantFault = (
  call: TenantCall,
  userId: UserId,
) => { readonly answer: Answer; readonly done: boolean } | "unavailable" | null;

export class MemoryTenant {
  readonly people = new Map<UserId, TenantPerson>();
  readonly breakGlass: BreakGlassAccount[] = [];
  /** Who set states beside us, newest first. */
  readonly audit: { readonly userId: UserId; readonly by: string; readonly at: Instant }[] = [];
  /** Asked for each user of each call. */
  fault: TenantFault = () => null;
  /** Requests by kind, one a user, as Graph's quota counts them. */
  readonly calls = new Map<TenantCall, number>();

  add(user: DirectoryUser, state: Partial<Pick<TenantPerson, "mfaState" | "registration" | "inReport">> = {}): void {
    const start = { mfaState: "disabled", registration: "none", inReport: true } as const;
    this.people.set(user.id, { user, ...start, writes: [], mails: [], ...state });
  }

  remove(userId: UserId): void {
    this.people.delete(userId);
  }

  /** The person's own act. */
  register(userId: UserId): void {
    const person = this.people.get(userId);
    if (person === undefined) return;
    person.registration = "usable";
    if (person.mfaState === "enabled") person.mfaState = "enforced";
  }

  write(userId: UserId, mfaState: KnownMfaState): Answer {
    const person = this.people.get(userId);
    if (person === undefined) return NOT_FOUND;
    person.writes.push(mfaState);
    person.mfaState = mfaState === "enabled" && person.registration === "usable" ? "enforced" : mfaState;
    return NO_CONTENT;
  }

  /** An admin's act. */
  revert(userId: UserId, by: string, at: Instant): void {
    const person = this.people.get(userId);
    if (person === undefined) return;
    person.mfaState = "disabled";
    this.audit.unshift({ userId, by, at });
  }

  counted(call: TenantCall): number {
    return this.calls.get(call) ?? 0;
  }
}

const NO_CONTENT: Answer = { kind: "answered", status: 204, code: "", retryAfterMs: 0 };
export const ACCEPTED: Answer = { kind: "answered", status: 202, code: "", retryAfterMs: 0 };
export const NOT_FOUND: Answer = { kind: "answered", status: 404, code: "Request_ResourceNotFound", retryAfterMs: 0 };
