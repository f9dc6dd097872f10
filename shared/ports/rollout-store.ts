// Table `rollouts`: the rollout, its waves, gate results that changed, sums of progress. Written by apply, verbs and the planner.
import type { GateResult } from "../domain/gate.ts";
import type { Instant } from "../domain/instant.ts";
import type { RolloutId, WaveId } from "../domain/names.ts";
import type { WaveProgress } from "../domain/progress.ts";
import type { Rollout, Wave } from "../domain/rollout.ts";
import type { ETag } from "./batch-store.ts";

export interface Stored<T> {
  readonly value: T;
  readonly etag: ETag;
}

export interface RolloutView {
  readonly rollout: Stored<Rollout>;
  /** By index. */
  readonly waves: readonly Stored<Wave>[];
  /** As last saved; a wave may have none yet. */
  readonly progress: readonly WaveProgress[];
}

export interface StoredGate extends GateResult {
  readonly wave: WaveId;
  readonly at: Instant;
}

export interface RolloutStore {
  /** `meta`, all waves and their progress: one query of one partition. `null` when there is no such rollout. @throws Unavailable */
  read(rollout: RolloutId): Promise<RolloutView | null>;
  /** Creates the rollout and its waves, or does nothing when it exists. @throws Unavailable */
  create(rollout: Rollout, waves: readonly Wave[]): Promise<void>;
  /** @throws Conflict · Unavailable */
  saveRollout(changed: Stored<Rollout>): Promise<void>;
  /** @throws Conflict · Unavailable */
  saveWave(rollout: RolloutId, changed: Stored<Wave>): Promise<void>;
  /** Stores a gate result that differs from the one before: "why did wave 2 not start?" has one answer. */
  recordGate(rollout: RolloutId, gate: StoredGate): Promise<void>;
  /** The newest result of each gate of each wave. */
  readGates(rollout: RolloutId): Promise<readonly StoredGate[]>;
  /** Sums of the headers, one row a wave, written when they changed. */
  saveProgress(rollout: RolloutId, progress: WaveProgress, at: Instant): Promise<void>;
}
