// Exchange runs four sends of an app on a mailbox at once. Places are taken when a request arrives and given back when its answer
// leaves: that passes in wall time, because only real requests overlap.
import type { Sender } from "./options.ts";
import { parsePath } from "./router.ts";
import type { Simulation } from "./simulation.ts";

export interface Places {
  /** Whether a send of this request on that mailbox may run. */
  has(senderId: string): boolean;
  release(): void;
}

export interface Sending {
  readonly method: string;
  readonly url: string;
}

/** The mailbox that a step sends from, if it is a send from one of ours. */
export function senderOf(tenant: Simulation, step: Sending): Sender | undefined {
  if (step.method.toUpperCase() !== "POST") return undefined;
  const [users, id, action] = parsePath(step.url) ?? [];
  if (users !== "users" || action?.toLowerCase() !== "sendmail") return undefined;
  return tenant.mailboxes.find(id ?? "");
}

/** A batch takes one place for each of its sends; with fewer free, but one, they wait for each other inside of the batch. */
export function takePlaces(tenant: Simulation, steps: readonly Sending[]): Places {
  const wanted = new Map<Sender, number>();
  for (const step of steps) {
    const sender = senderOf(tenant, step);
    if (sender !== undefined) wanted.set(sender, (wanted.get(sender) ?? 0) + 1);
  }
  const got = new Map<string, { sender: Sender; places: number }>();
  for (const [sender, count] of wanted) got.set(sender.id, { sender, places: tenant.mailboxes.occupy(sender, count) });
  return {
    has: (senderId) => (got.get(senderId)?.places ?? 0) > 0,
    release: () => {
      for (const { sender, places } of got.values()) tenant.mailboxes.release(sender, places);
      got.clear();
    },
  };
}
