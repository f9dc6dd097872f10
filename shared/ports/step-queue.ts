// Queues `mfa-enable`, `mfa-notify`, `mfa-enforce`, `mfa-restore`.
import type { Instant } from "../domain/instant.ts";
import type { Nudge } from "../domain/nudge.ts";

export interface OutgoingNudge {
  readonly id: string;
  readonly nudge: Nudge;
  /** Visible then; in the past: at once. */
  readonly at: Instant;
}

export interface StepQueue {
  /**
   * Sends all, in their order, each to the queue of its step. After a throw any of them may have been sent: that is harmless,
   * since rows decide. @throws Unavailable
   */
  send(nudges: readonly OutgoingNudge[]): Promise<void>;
}
