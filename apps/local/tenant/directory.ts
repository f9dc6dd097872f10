// The tenant's users and what was done to them. Holds no clock: each question carries its instant.
import { hash32 } from "../../../shared/domain/hash.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import type { MailEvent, PersonEvent, TenantEvent } from "./event.ts";
import type { BreakGlassAccount } from "./options.ts";
import type { Fate, Person } from "./people.ts";

/** Events that change what a list of users shows. */
const VIEWED: ReadonlySet<PersonEvent["t"]> = new Set(["deleted", "purged", "restored", "renamed", "account-enabled"]);

export class Directory {
  /** In order of arrival; never reordered, so that an index is a stable page token. */
  readonly people: Person[] = [];
  /** Who changed, as delta queries tell it, oldest first: an index is a delta token, the same after a restart. */
  readonly changes: Person[] = [];
  readonly #byId = new Map<string, Person>();
  readonly #byPrincipalName = new Map<string, Person>();
  readonly #byMail = new Map<string, Person>();
  readonly #deleted = new Set<Person>();

  constructor(users: readonly TenantUser[], breakGlass: readonly BreakGlassAccount[], epoch: Instant) {
    const emergencyIds = new Set(breakGlass.map(({ id }) => id.toLowerCase()));
    const emergencyNames = new Set(breakGlass.map((account) => account.userPrincipalName.toLowerCase()));
    for (const account of breakGlass) this.#add(emergencyUser(account), longAgo(account.id, epoch), true);
    for (const user of users) {
      // The spec's emergency accounts win over a row of the file with the same id or name: two people must not share either.
      if (emergencyIds.has(user.id.toLowerCase())) continue;
      if (emergencyNames.has(user.userPrincipalName.toLowerCase())) continue;
      this.#add(user, longAgo(user.id, epoch), false);
    }
  }

  /** By object id or user principal name, in any case, as Graph resolves a path. Deleted users are not found. */
  find(idOrName: string): Person | undefined {
    const key = idOrName.toLowerCase();
    const person = this.#byId.get(key) ?? this.#byPrincipalName.get(key);
    return person?.deletedAt === null ? person : undefined;
  }

  /** Deleted users included: the witness tells what was done to them, too. */
  findEver(id: string): Person | undefined {
    return this.#byId.get(id.toLowerCase());
  }

  findByMail(address: string): Person | undefined {
    return this.#byMail.get(address.toLowerCase());
  }

  /** Those who are deleted now, in the order of their deletion. */
  deleted(): readonly Person[] {
    return [...this.#deleted];
  }

  /** @returns whether the event belongs to a user of this directory */
  apply(event: TenantEvent): boolean {
    switch (event.t) {
      case "created":
        if (this.#byId.has(event.user.id.toLowerCase())) return false;
        this.changes.push(this.#add(event.user, event.at, false));
        return true;
      case "mail":
        for (const address of event.to) receive(this.findByMail(address), event);
        return true;
      case "refused-writes":
      case "permission-lost":
      case "permission-restored":
      case "group-created":
      case "group-members":
      case "policy-set":
      case "policy-deleted":
      case "setting-changed":
        return true;
      default: {
        const person = this.findEver(event.user);
        if (person === undefined) return false;
        this.#unindex(person, event);
        applyToPerson(person, event);
        this.#index(person, event);
        if (VIEWED.has(event.t)) {
          const { user, accountEnabled, deletedAt } = person;
          person.views.push({ at: event.at, shown: deletedAt === null ? { user, accountEnabled } : null });
          this.changes.push(person);
        }
        return true;
      }
    }
  }

  /** A name that is given up leads nowhere, unless two people shared it. */
  #unindex(person: Person, event: PersonEvent): void {
    const name = person.user.userPrincipalName.toLowerCase();
    if (event.t === "renamed" && this.#byPrincipalName.get(name) === person) this.#byPrincipalName.delete(name);
  }

  #index(person: Person, event: PersonEvent): void {
    if (event.t === "deleted") this.#deleted.add(person);
    if (event.t === "restored" || event.t === "purged") this.#deleted.delete(person);
    if (event.t !== "renamed") return;
    this.#byPrincipalName.set(event.userPrincipalName.toLowerCase(), person);
    // The old address stays one of the mailbox's own: Exchange keeps it as a proxy address.
    this.#indexMail(person);
  }

  #indexMail(person: Person): void {
    const address = person.user.mail?.toLowerCase();
    if (address !== undefined && !this.#byMail.has(address)) this.#byMail.set(address, person);
  }

  #add(user: TenantUser, createdAt: Instant, isGlobalAdministrator: boolean): Person {
    const person: Person = {
      user,
      createdAt,
      visibleSince: createdAt,
      isGlobalAdministrator,
      accountEnabled: user.accountEnabled,
      deletedAt: null,
      isPurged: false,
      isProtected: false,
      mfa: { state: user.mfaState, since: createdAt, sticky: false, before: user.mfaState },
      firstNoticeAt: null,
      changes: [],
      signInPreferences: { isSystemPreferred: null, secondary: null },
      writes: [],
      mails: [],
      fates: [],
      views: [{ at: createdAt, shown: { user, accountEnabled: user.accountEnabled } }],
      pass: null,
      sessionsRevokedAt: null,
    };
    this.people.push(person);
    this.#byId.set(user.id.toLowerCase(), person);
    this.#byPrincipalName.set(user.userPrincipalName.toLowerCase(), person);
    this.#indexMail(person);
    return person;
  }
}

function applyToPerson(person: Person, event: PersonEvent): void {
  switch (event.t) {
    case "write":
      person.writes.push(event);
      // A body without the known property is answered 204 and changes nothing.
      if (event.requested !== null) {
        person.mfa = { state: event.stored, since: event.at, sticky: event.sticky, before: person.mfa.state };
      }
      return;
    case "deleted":
      person.deletedAt = event.at;
      tellFate(person, event);
      return;
    case "purged":
      person.isPurged = true;
      return;
    case "restored":
      person.deletedAt = null;
      person.visibleSince = event.at;
      person.mfa = { state: "disabled", since: event.at, sticky: false, before: "disabled" };
      tellFate(person, event);
      return;
    case "renamed": {
      const { userPrincipalName, displayName, mail } = event;
      person.user = { ...person.user, userPrincipalName, displayName, mail };
      tellFate(person, event);
      return;
    }
    case "sessions-revoked":
      person.sessionsRevokedAt = event.at;
      return;
    case "revert-planned":
    case "revert-void":
      return;
    case "account-enabled":
      person.accountEnabled = event.to;
      return;
    case "protected":
      person.isProtected = event.to;
      return;
    default:
      return applyToMethods(person, event);
  }
}

type MethodEvent = Extract<
  PersonEvent,
  { t: "registered" | "unregistered" | "method-deleted" | "sign-in-preferences" | "tap" | "tap-deleted" }
>;

function applyToMethods(person: Person, event: MethodEvent): void {
  switch (event.t) {
    case "registered":
      person.changes.push({ at: event.at, what: "added", method: event.method });
      return;
    case "method-deleted":
      person.changes.push({ at: event.at, what: "removed", method: event.method });
      return;
    case "sign-in-preferences":
      person.signInPreferences = { isSystemPreferred: event.isSystemPreferred, secondary: event.secondary };
      return;
    case "unregistered":
      person.changes.push({ at: event.at, what: "removed", method: "all" });
      person.firstNoticeAt = null;
      return;
    case "tap":
      person.pass = {
        id: event.id,
        createdAt: event.at,
        startAt: event.startAt,
        minutes: event.minutes,
        once: event.once,
      };
      return;
    case "tap-deleted":
      person.pass = null;
      return;
  }
}

function tellFate({ fates, user }: Person, { t, at }: PersonEvent & { t: Fate["what"] }): void {
  fates.push({ at, what: t, userPrincipalName: user.userPrincipalName });
}

function receive(person: Person | undefined, event: MailEvent): void {
  if (person === undefined) return;
  person.mails.push(event);
  if (event.notice === null || event.arrivesAt === null) return;
  person.firstNoticeAt = Math.min(person.firstNoticeAt ?? Infinity, event.arrivesAt);
}

function emergencyUser({ id, userPrincipalName }: BreakGlassAccount): TenantUser {
  return {
    id: id.toLowerCase(),
    userPrincipalName,
    displayName: `Emergency access ${userPrincipalName.split("@")[0] ?? ""}`,
    mail: null,
    department: null,
    country: null,
    usageLocation: null,
    preferredLanguage: null,
    userType: "Member",
    accountEnabled: true,
    registration: { kind: "usable" },
    mfaState: "disabled",
  };
}

/** Accounts of the start are between a month and six years old: none is "new". */
function longAgo(id: string, epoch: Instant): Instant {
  return epoch - (30 + (hash32(id, 11) % 2_100)) * DAY_MS;
}
