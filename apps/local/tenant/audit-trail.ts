// The directory audit: which of the tenant's events it shows, and what the directory said before each. It is built from the
// events themselves, so it survives a restart, and it knows nothing that did not happen.
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { Directory } from "./directory.ts";
import type { TenantEvent } from "./event.ts";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";

// With Entra ID P1 audits are kept for 30 days (Microsoft Learn: Microsoft Entra data retention).
const KEPT_MS = 30 * DAY_MS;
const TRIM_AT = 10_000;

/** The user as the directory had it when the event came. */
export type Before = Pick<TenantUser, "userPrincipalName" | "displayName" | "mfaState">;

export interface AuditEntry {
  /** Counts from the tenant's first event on: the same after a restart. */
  readonly number: number;
  readonly event: TenantEvent;
  readonly before: Before | null;
}

export class AuditTrail {
  #entries: AuditEntry[] = [];
  #trimmed = 0;

  /** Called before the directory applies the event. */
  apply(event: TenantEvent, directory: Directory): void {
    if (!isAudited(event)) return;
    this.#entries.push({ number: this.#trimmed + this.#entries.length, event, before: beforeOf(event, directory) });
    this.#trim(event.at);
  }

  /** One more than the number of the newest entry. */
  get end(): number {
    return this.#trimmed + this.#entries.length;
  }

  at(number: number): AuditEntry | undefined {
    return this.#entries[number - this.#trimmed];
  }

  /** How many entries were made up to that instant, trimmed ones included. */
  endAt(instant: Instant): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.event.at ?? Infinity) <= instant) low = middle + 1;
      else high = middle;
    }
    return this.#trimmed + low;
  }

  /** Seldom, and then many at once: the cost of an entry stays constant. */
  #trim(now: Instant): void {
    if (this.#entries.length < TRIM_AT || this.#entries.length % TRIM_AT !== 0) return;
    const old = this.endAt(now - KEPT_MS) - this.#trimmed;
    this.#entries = this.#entries.slice(old);
    this.#trimmed += old;
  }
}

function isAudited(event: TenantEvent): boolean {
  switch (event.t) {
    case "mail":
    case "refused-writes":
    case "protected":
    case "revert-planned":
    case "revert-void":
      return false;
    case "write":
      // A body without the known property changed nothing.
      return event.requested !== null;
    default:
      return true;
  }
}

function beforeOf(event: TenantEvent, directory: Directory): Before | null {
  if (!("user" in event) || typeof event.user !== "string") return null;
  const person = directory.findEver(event.user);
  if (person === undefined) return null;
  const { userPrincipalName, displayName } = person.user;
  return { userPrincipalName, displayName, mfaState: person.mfa.state };
}
