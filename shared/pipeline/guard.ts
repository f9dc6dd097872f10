// The last look before a request leaves (invariants 2 and 6): nobody paused, nothing moved, no service asked for rest.
import type { Control, RolloutControl, Service } from "../domain/control.ts";
import { allows } from "../domain/control.ts";
import type { Instant } from "../domain/instant.ts";
import { GUARD_MAX_AGE_MS } from "../domain/policy.ts";
import type { Step } from "../domain/names.ts";
import { Conflict } from "../ports/errors.ts";
import type { Sheet } from "./sheet.ts";
import type { StepDeps } from "./step-deps.ts";

export class Guard {
  readonly #deps: Pick<StepDeps, "batches" | "control" | "clock">;
  readonly #step: Step;
  #control: Control;
  #readAt: Instant;

  constructor(
    deps: Pick<StepDeps, "batches" | "control" | "clock">,
    step: Step,
    look: { readonly control: Control; readonly readAt: Instant },
  ) {
    this.#deps = deps;
    this.#step = step;
    this.#control = look.control;
    this.#readAt = look.readAt;
  }

  /**
   * Reads anew when the last look is older than two seconds.
   *
   * @returns may a request of these services start now?
   * @throws Conflict when the batch moved since it was loaded · Unavailable
   */
  async mayStart(sheet: Sheet, services: readonly Service[]): Promise<boolean> {
    const { address, header } = sheet.batch;
    if (this.#deps.clock.now() - this.#readAt > GUARD_MAX_AGE_MS) {
      const readAt = this.#deps.clock.now();
      const [stored, seq] = await Promise.all([this.#deps.control.readControl(), this.#deps.batches.readSeq(address)]);
      if (seq !== header.seq) throw new Conflict(`batch moved from ${header.seq} to ${seq ?? "nothing"}`);
      this.#control = stored.value;
      this.#readAt = readAt;
    }
    const now = this.#deps.clock.now();
    return allows(this.#control, { ...address, step: this.#step, services, now }).kind === "allowed";
  }

  /** The rollout as the guard last saw it. */
  rollout(id: string): RolloutControl | undefined {
    return this.#control.rollouts.find((rollout) => rollout.id === id);
  }
}
