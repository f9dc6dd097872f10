// What a queue of Azure may ask for and the embedded broker does not have: refused before anything starts. A queue that was
// served without it would let a program pass here that breaks there, or the other way round.
import { UserFault } from "../../../shared/domain/fault.ts";
import type { QueueOptions } from "./message.ts";

/** The names are those of Azure's templates. */
const NOT_SERVED = {
  requiresDuplicateDetection: {
    what: "duplicate detection",
    fix: "Leave it out and let handlers bear a message that comes twice; or use a queue in Azure.",
  },
  requiresSession: {
    what: "sessions",
    fix: "Leave it out, or use a queue in Azure.",
  },
} as const;

export type NotServed = keyof typeof NOT_SERVED;

export function isNotServed(word: string): word is NotServed {
  return Object.hasOwn(NOT_SERVED, word);
}

/** @throws UserFault with every such wish of every queue */
export function refuseNotServed(queues: readonly QueueOptions[]): void {
  const faults = queues.flatMap((queue) =>
    Object.keys(NOT_SERVED)
      .filter(isNotServed)
      .filter((name) => queue[name] === true)
      .map((name) => {
        const { what, fix } = NOT_SERVED[name];
        return { at: { where: `queue "${queue.name}"` }, what: `${name}: the embedded broker has no ${what}.`, fix };
      }),
  );
  if (faults.length > 0) throw new UserFault(faults);
}
