// What is already decided and comes true at an instant of its own: an admin's revert, a permission that is given back. Built
// from stored events alone, so a restart forgets none of it and draws nothing again.
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { TenantEvent } from "./event.ts";

/** Deleted users can be restored for so long (Microsoft Learn: restore a recently deleted user). */
const RESTORABLE_MS = 30 * DAY_MS;

interface Due {
  readonly at: Instant;
  /** What happens then; the directory of that instant decides. */
  readonly comesTrue: "revert" | "permission" | "purge";
  readonly subject: string;
  readonly role: string;
}

export class Agenda {
  readonly #plans = new Map<string, Due>();
  /** Of all plans: most questions come before it. */
  #earliest: Instant = Infinity;

  /** Every permission that was ever taken away, oldest first: for the witness. */
  readonly losses: Extract<TenantEvent, { t: "permission-lost" }>[] = [];

  apply(event: TenantEvent): void {
    switch (event.t) {
      case "revert-planned":
        this.#plan(revertKey(event.user), { at: event.due, comesTrue: "revert", subject: event.user, role: "" });
        return;
      case "revert-void":
        this.#drop(revertKey(event.user));
        return;
      case "write":
        if (event.by === "human" && this.#plans.get(revertKey(event.user))?.at === event.at)
          this.#drop(revertKey(event.user));
        return;
      case "permission-lost":
        this.losses.push(event);
        this.#plan(permissionKey(event.app, event.role), {
          at: event.until,
          comesTrue: "permission",
          subject: event.app,
          role: event.role,
        });
        return;
      case "permission-restored":
        this.#drop(permissionKey(event.app, event.role));
        return;
      case "deleted":
        this.#plan(purgeKey(event.user), {
          at: event.at + RESTORABLE_MS,
          comesTrue: "purge",
          subject: event.user,
          role: "",
        });
        return;
      case "restored":
      case "purged":
        this.#drop(purgeKey(event.user));
        return;
      default:
        return;
    }
  }

  plansRevert(user: string): boolean {
    return this.#plans.has(revertKey(user));
  }

  /** An app's call may be refused for a permission that it has lost and not got back. */
  isLost(app: string, role: string): boolean {
    return this.#plans.size > 0 && this.#plans.has(permissionKey(app, role));
  }

  /** The earliest of what is due at `now`. */
  next(now: Instant): Due | undefined {
    if (now < this.#earliest) return undefined;
    let first: Due | undefined;
    for (const plan of this.#plans.values()) {
      if (plan.at <= now && (first === undefined || plan.at < first.at)) first = plan;
    }
    return first;
  }

  #plan(key: string, due: Due): void {
    this.#plans.set(key, due);
    this.#earliest = Math.min(this.#earliest, due.at);
  }

  #drop(key: string): void {
    if (!this.#plans.delete(key)) return;
    this.#earliest = Math.min(Infinity, ...[...this.#plans.values()].map(({ at }) => at));
  }
}

function purgeKey(user: string): string {
  return `purge ${user.toLowerCase()}`;
}

function revertKey(user: string): string {
  return `revert ${user.toLowerCase()}`;
}

function permissionKey(app: string, role: string): string {
  return `permission ${app} ${role}`;
}
