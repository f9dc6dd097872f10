// A message on a step queue: "look at this batch for this step". Never carries work: the rows do.
import type { BatchAddress, SenderId, Step } from "./names.ts";

/** How many mails a notify nudge may send by which sender: taken from the senders' buckets before it was released. */
export interface Grant {
  readonly sender: SenderId;
  readonly count: number;
}

export interface Nudge extends BatchAddress {
  readonly tenant: string;
  readonly step: Step;
  /** Only notify nudges have one; others an empty list. */
  readonly grant: readonly Grant[];
}

/** A new id for each release: queues have no duplicate detection, and two releases must both arrive. */
export function releaseId(nudge: Nudge, release: number): string {
  return `${nudge.step}:${nudge.rollout}:${nudge.wave}:${nudge.batch}:${release}`;
}

/** Id of the nudge that a handler schedules itself after a save. */
export function retryId(nudge: Nudge, seq: number): string {
  return `${nudge.step}:${nudge.rollout}:${nudge.wave}:${nudge.batch}:s${seq}`;
}
