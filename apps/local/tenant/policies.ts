// Conditional Access policies as they were sent: nothing here applies them, they are kept, shown and changed.
import type { TenantEvent } from "./event.ts";

type Body = Readonly<Record<string, unknown>>;

export class Policies {
  readonly #byId = new Map<string, Body>();

  apply(event: TenantEvent): void {
    if (event.t === "policy-set") this.#byId.set(event.policy, event.body);
    if (event.t === "policy-deleted") this.#byId.delete(event.policy);
  }

  find(id: string): Body | undefined {
    return this.#byId.get(id.toLowerCase());
  }

  all(): readonly Body[] {
    return [...this.#byId.values()];
  }
}
