// How the simulated people behave: pure functions of stored events and an instant, so that three weeks may pass in one jump.
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import { unreachable } from "../../../shared/domain/unreachable.ts";
import type { MailEvent, Method, WriteEvent } from "./event.ts";
import { METHODS } from "./event.ts";
import { PHONE_ENDS_AT } from "./options.ts";

export interface Registration {
  readonly method: Method;
  readonly since: Instant;
}

export interface Person {
  /** As the directory shows the person today: a rename gives another one. */
  user: TenantUser;
  readonly createdAt: Instant;
  /** Created, or restored: until an hour after it some replicas do not know the account. */
  visibleSince: Instant;
  readonly isGlobalAdministrator: boolean;
  accountEnabled: boolean;
  deletedAt: Instant | null;
  /** Deleted for so long that nobody can restore the account. */
  isPurged: boolean;
  /** Writes are refused with 403, as for an account that a stronger role protects. */
  isProtected: boolean;
  /** State as stored, since when, and the one before it (for lagging reads). */
  mfa: { state: TenantUser["mfaState"]; since: Instant; sticky: boolean; before: TenantUser["mfaState"] };
  firstNoticeAt: Instant | null;
  /** Registrations and resets made through the simulator's door, deletions by apps, in order. */
  changes: { readonly at: Instant; readonly what: "added" | "removed"; readonly method: Method | "all" }[];
  signInPreferences: SignInPreferences;
  writes: WriteEvent[];
  mails: MailEvent[];
  /** Deleted, restored, renamed. */
  fates: Fate[];
  /** What lists showed of the account, each from its instant on; the first since the creation. */
  views: View[];
  /** The one pass: a new one replaces it. */
  pass: Pass | null;
  sessionsRevokedAt: Instant | null;
}

export interface SignInPreferences {
  /** `null`: the tenant's policy decides. */
  readonly isSystemPreferred: boolean | null;
  /** `null`: nobody chose. */
  readonly secondary: string | null;
}

/** What happened to the account as such. */
export interface Fate {
  readonly at: Instant;
  readonly what: "deleted" | "restored" | "renamed";
  readonly userPrincipalName: string;
}

/** The account as a list shows it; `null`: not there. */
export interface View {
  readonly at: Instant;
  readonly shown: { readonly user: TenantUser; readonly accountEnabled: boolean } | null;
}

export interface Pass {
  readonly id: string;
  readonly createdAt: Instant;
  readonly startAt: Instant;
  readonly minutes: number;
  readonly once: boolean;
}

/** As an index that is behind shows the account. The first view is of the instant of creation. */
export function viewAt({ views }: Person, at: Instant): View["shown"] {
  return views.findLast((one) => one.at <= at)?.shown ?? null;
}

/** The strongest of all that are registered. */
export function registrationAt(person: Person, at: Instant): Registration | null {
  const held = methodsAt(person, at);
  return held.toSorted((a, b) => METHODS.indexOf(a.method) - METHODS.indexOf(b.method))[0] ?? null;
}

/** In the order of their registration. */
export function methodsAt(person: Person, at: Instant): readonly Registration[] {
  const byHabit = habitAt(person, at);
  if (person.changes.length === 0) return byHabit === null ? [] : [byHabit];
  let held: readonly Registration[] = [];
  let isHabitDue = byHabit !== null;
  const addHabit = (until: Instant): void => {
    if (!isHabitDue || byHabit === null || byHabit.since > until) return;
    isHabitDue = false;
    if (!held.some(({ method }) => method === byHabit.method)) held = [...held, byHabit];
  };
  for (const change of person.changes) {
    if (change.at > at) break;
    addHabit(change.at);
    const { what, method } = change;
    if (method === "all") held = [];
    else if (what === "removed") held = held.filter((one) => one.method !== method);
    else if (!held.some((one) => one.method === method)) held = [...held, { method, since: change.at }];
  }
  addHabit(at);
  return held;
}

/** What the person does unasked, as the tenant file says. */
function habitAt(person: Person, at: Instant): Registration | null {
  const habit = person.user.registration;
  switch (habit.kind) {
    case "usable":
    case "phone-only": {
      const method = person.isGlobalAdministrator ? "passkey" : habit.kind === "usable" ? "app" : "phone";
      return { method, since: person.createdAt };
    }
    case "never":
      return null;
    case "after-notice": {
      // A reset forgets the notice as well (see `applyToPerson`), so a new pace starts with the next mail.
      if (person.firstNoticeAt === null) return null;
      const since = Math.ceil(person.firstNoticeAt + habit.days * DAY_MS);
      return since <= at ? { method: "app", since } : null;
    }
    default:
      return unreachable(habit);
  }
}

/** Registered is not capable: the phone methods end, the registration stays in the directory. */
export function isCapable(registration: Registration | null, at: Instant): boolean {
  if (registration === null) return false;
  const { method } = registration;
  return (method !== "phone" && method !== "alternate-phone") || at < PHONE_ENDS_AT;
}

export interface MfaPace {
  readonly autoEnforceMs: number;
  readonly readBackLagMs: number;
}

export function mfaStateAt(person: Person, at: Instant, pace: MfaPace): TenantUser["mfaState"] {
  const { state, since, sticky, before } = person.mfa;
  if (at < since + pace.readBackLagMs) return before;
  if (state !== "enabled" || sticky) return state;
  const registration = registrationAt(person, at);
  // Only a registration *after* the write moves the state by itself: one before it was judged when the write was stored.
  if (registration === null || registration.since <= since) return state;
  return at >= registration.since + pace.autoEnforceMs ? "enforced" : "enabled";
}
