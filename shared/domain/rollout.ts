// One MFA programme in one tenant, and its ordered waves.
import type { Instant } from "./instant.ts";
import type { RolloutId, SenderId, UserId, WaveId } from "./names.ts";

export const ROLLOUT_STATUSES = ["draft", "applying", "active", "paused", "aborted", "completed"] as const;
export type RolloutStatus = (typeof ROLLOUT_STATUSES)[number];
export const WAVE_STATUSES = ["planned", "open", "paused", "done"] as const;
export type WaveStatus = (typeof WAVE_STATUSES)[number];

export interface Rollout {
  readonly id: RolloutId;
  readonly status: RolloutStatus;
  readonly appliedAt: Instant;
  /** Accepted enrollments of all waves. */
  readonly users: number;
  readonly soakMs: number;
  readonly breakGlass: readonly UserId[];
  readonly senders: readonly SenderId[];
  /** The newest look at the break-glass accounts: at least daily, and before each wave. */
  readonly breakGlassCheck: { readonly at: Instant; readonly valid: boolean; readonly because: string };
}

export interface Wave {
  readonly id: WaveId;
  /** Position in the spec, from 0: waves open in this order. */
  readonly index: number;
  readonly status: WaveStatus;
  readonly startAt: Instant;
  readonly users: number;
  readonly batches: number;
  /** 0 = not yet. */
  readonly openedAt: Instant;
  /** Nobody of the wave is still to be enabled or told: the soak runs from here. 0 = not yet. */
  readonly launchedAt: Instant;
  readonly doneAt: Instant;
}
