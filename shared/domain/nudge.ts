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

/** A message of another tenant or step, put there by a wrong hand, must not be acted upon. @returns what is wrong, or `null` */
export function misplacement(
  { tenant }: { readonly tenant: string },
  nudge: Nudge,
  { queue }: { readonly queue: string },
): string | null {
  if (nudge.tenant !== tenant) return "it is of another tenant";
  return queue === `mfa-${nudge.step}` ? null : `its step is ${nudge.step}, and it stands in the queue ${queue}`;
}
