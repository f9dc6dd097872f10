// Node addresses of the broker: `$cbs`, `<queue>`, `<queue>/$DeadLetterQueue`, each queue with `/$management`. Case is ignored.
import type { Shelf } from "./message.ts";
import type { Queue } from "./queue.ts";
import type { Store } from "./store.ts";

export type Node =
  | { readonly kind: "cbs" }
  | { readonly kind: "queue"; readonly queue: Queue; readonly shelf: Shelf }
  | { readonly kind: "management"; readonly queue: Queue; readonly shelf: Shelf };

const MANAGEMENT = "/$management";
const DEAD_LETTERS = "/$deadletterqueue";

export function findNode(store: Store, served: ReadonlySet<Queue>, address: string): Node | null {
  let rest = address.toLowerCase();
  if (rest === "$cbs") return { kind: "cbs" };
  const managed = rest.endsWith(MANAGEMENT);
  if (managed) rest = rest.slice(0, -MANAGEMENT.length);
  const dead = rest.endsWith(DEAD_LETTERS);
  if (dead) rest = rest.slice(0, -DEAD_LETTERS.length);
  const queue = store.find(rest);
  if (queue === undefined || !served.has(queue)) return null;
  return { kind: managed ? "management" : "queue", queue, shelf: dead ? "dead" : "active" };
}

/** The wording decides: with another text the SDK reports another code. */
export function notFoundText(host: string, address: string): string {
  return `The messaging entity 'sb://${host}/${address}' could not be found. TrackingId:embedded, SystemTracker:broker`;
}
