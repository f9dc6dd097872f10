// Security groups and who is in them, since when: a read shows them as they were a little while ago.
import type { Instant } from "../../../shared/domain/instant.ts";
import type { Group, TenantEvent } from "./event.ts";

interface Membership {
  readonly user: string;
  readonly since: Instant;
  until: Instant | null;
}

export interface KnownGroup {
  readonly group: Group;
  readonly createdAt: Instant;
  /** In the order of joining; whoever comes back has two. */
  readonly memberships: Membership[];
  /** Those of today, by user. */
  readonly current: Map<string, Membership>;
}

export class Groups {
  readonly all: KnownGroup[] = [];
  readonly #byId = new Map<string, KnownGroup>();

  apply(event: TenantEvent): void {
    if (event.t === "group-created") {
      const known = { group: event.group, createdAt: event.at, memberships: [], current: new Map() };
      this.all.push(known);
      this.#byId.set(event.group.id, known);
    }
    if (event.t === "group-members") this.#change(event);
  }

  find(id: string): KnownGroup | undefined {
    return this.#byId.get(id.toLowerCase());
  }

  #change({ at, group, added, removed }: Extract<TenantEvent, { t: "group-members" }>): void {
    const known = this.#byId.get(group);
    if (known === undefined) return;
    for (const user of removed) {
      const membership = known.current.get(user);
      if (membership !== undefined) membership.until = at;
      known.current.delete(user);
    }
    for (const user of added) {
      const membership = { user, since: at, until: null };
      known.memberships.push(membership);
      known.current.set(user, membership);
    }
  }
}

/** Ids of those who were in the group at that instant. */
export function membersAt({ memberships }: KnownGroup, at: Instant): readonly string[] {
  return memberships.filter((membership) => isMemberAt(membership, at)).map(({ user }) => user);
}

export function isMemberAt({ since, until }: Membership, at: Instant): boolean {
  return since <= at && (until === null || until > at);
}
