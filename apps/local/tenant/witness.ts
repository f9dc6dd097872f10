// What the tenant itself knows happened, user by user: the product's tables are checked against this, never against themselves.
import type { Instant } from "../../../shared/domain/instant.ts";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import type { MailboxCounts } from "./mailboxes.ts";
import type { Method } from "./event.ts";
import type { Fate, Person } from "./people.ts";
import { isCapable, mfaStateAt, registrationAt } from "./people.ts";
import type { Simulation } from "./simulation.ts";

export interface WitnessedWrite {
  readonly at: Instant;
  /** App id of the writer; `human` for the simulator's door. */
  readonly by: string;
  /** `null`: a body without the known property, which changed nothing. */
  readonly requested: TenantUser["mfaState"] | null;
  readonly stored: TenantUser["mfaState"];
}

export interface WitnessedMail {
  /** When it was sent; `arrivesAt: null` says that it bounced. */
  readonly at: Instant;
  readonly arrivesAt: Instant | null;
  readonly sender: string;
  readonly by: string;
  readonly rollout: string | null;
  readonly notice: string | null;
  readonly enrollment: string | null;
  readonly subject: string;
}

export interface UserAccount {
  readonly kind: "user";
  readonly id: string;
  readonly userPrincipalName: string;
  readonly mfaState: TenantUser["mfaState"];
  /** As the tenant's directory began. */
  readonly initialMfaState: TenantUser["mfaState"];
  readonly accountEnabled: boolean;
  readonly deletedAt: Instant | null;
  readonly isBreakGlass: boolean;
  readonly registeredAt: Instant | null;
  readonly method: Method | null;
  readonly isMfaCapable: boolean;
  readonly writes: readonly WitnessedWrite[];
  readonly mails: readonly WitnessedMail[];
  /** Deletions, restorations and new names, oldest first. */
  readonly fates: readonly Fate[];
}

export interface MailboxAccount extends Readonly<MailboxCounts> {
  readonly kind: "mailbox";
  readonly id: string;
  readonly mail: string;
}

export interface TenantAccount {
  /** Lazily, one user at a time: no array holds a tenant. Deleted users included. */
  users(): Generator<UserAccount>;
  user(id: string): UserAccount | undefined;
  readonly mailboxes: readonly MailboxAccount[];
}

export function tenantAccount(tenant: Simulation): TenantAccount {
  tenant.settle();
  return {
    *users() {
      for (const person of tenant.directory.people) yield userAccount(tenant, person);
    },
    user(id) {
      const person = tenant.directory.findEver(id);
      return person === undefined ? undefined : userAccount(tenant, person);
    },
    mailboxes: tenant.mailboxes
      .counts()
      .map(({ sender, counts }) => ({ kind: "mailbox", id: sender.id, mail: sender.mail, ...counts })),
  };
}

function userAccount(tenant: Simulation, person: Person): UserAccount {
  const now = tenant.clock.now();
  const registration = registrationAt(person, now);
  return {
    kind: "user",
    id: person.user.id,
    userPrincipalName: person.user.userPrincipalName,
    // The truth, not what a lagging read would show.
    mfaState: mfaStateAt(person, now, { ...tenant.knobs, readBackLagMs: 0 }),
    initialMfaState: person.user.mfaState,
    accountEnabled: person.accountEnabled,
    deletedAt: person.deletedAt,
    isBreakGlass: person.isGlobalAdministrator,
    registeredAt: registration?.since ?? null,
    method: registration?.method ?? null,
    isMfaCapable: isCapable(registration, now),
    writes: person.writes.map(({ at, by, requested, stored }) => ({ at, by, requested, stored })),
    mails: person.mails.map(({ at, arrivesAt, sender, by, rollout, notice, enrollment, subject }) => {
      return { at, arrivesAt, sender, by, rollout, notice, enrollment, subject };
    }),
    fates: [...person.fates],
  };
}
