// What is already decided and comes true at an instant of its own: an admin's revert, a permission that is given back. Built
// from stored events alone, so a restart forgets none of it and draws nothing again.
import type { Instant } from "../../../shared/domain/instant.ts";
import type { TenantEvent } from "./event.ts";

interface Due {
  readonly at: Instant;
  /** What happens then; the directory of that instant decides. */
  readonly comesTrue: "revert" | "permission";
  readonly subject: string;
  readonly role: string;
}

export class Agenda {
  /** Few at any time: a plan is one of many hundred writes. */
  readonly #plans = new Map<string, Due>();

  /** Every permission that was ever taken away, oldest first: for the witness. */
  readonly losses: Extract<TenantEvent, { t: "permission-lost" }>[] = [];

  apply(event: TenantEvent): void {
    switch (event.t) {
      case "revert-planned":
        this.#plans.set(revertKey(event.user), { at: event.due, comesTrue: "revert", subject: event.user, role: "" });
        return;
      case "revert-void":
        this.#plans.delete(revertKey(event.user));
        return;
      case "write":
        if (event.by === "human" && this.#plans.get(revertKey(event.user))?.at === event.at)
          this.#plans.delete(revertKey(event.user));
        return;
      case "permission-lost":
        this.losses.push(event);
        this.#plans.set(permissionKey(event.app, event.role), {
          at: event.until,
          comesTrue: "permission",
          subject: event.app,
          role: event.role,
        });
        return;
      case "permission-restored":
        this.#plans.delete(permissionKey(event.app, event.role));
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
    let first: Due | undefined;
    for (const plan of this.#plans.values()) {
      if (plan.at <= now && (first === undefined || plan.at < first.at)) first = plan;
    }
    return first;
  }
}

function revertKey(user: string): string {
  return `revert ${user.toLowerCase()}`;
}

function permissionKey(app: string, role: string): string {
  return `permission ${app} ${role}`;
}
