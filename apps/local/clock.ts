// The clock of one process of the embedded runtime: wall clock plus an offset that only the supervisor moves, forward only.
// With a rate it runs so many times as fast as the wall, the same in every process: a benchmark compresses time so.
import type { Clock } from "../../shared/ports/clock.ts";

export interface Setting {
  /** Number of the jump that set the offset; grows by one a jump. */
  readonly seq: number;
  readonly offset: number;
}

/** A jump that would turn time back. It ends the process: whoever is told it has lost track of the supervisor. */
class BackwardsJump extends Error {
  override readonly name = "BackwardsJump";
}

export class OffsetClock implements Clock {
  #setting: Setting;
  readonly rate: number;
  #latest = Number.NEGATIVE_INFINITY;

  /** @param rate virtual seconds a second, whole, or offsets would have fractions */
  constructor(setting: Setting, rate = 1) {
    this.#setting = setting;
    this.rate = rate;
  }

  get offset(): number {
    return this.#setting.offset;
  }

  get seq(): number {
    return this.#setting.seq;
  }

  /** Never goes back, also when somebody sets the machine's clock back: it stands still until the wall has caught up. */
  now(): number {
    this.#latest = Math.max(this.#latest, Date.now() * this.rate + this.#setting.offset);
    return this.#latest;
  }

  /** With which it is `at` now. */
  offsetFor(at: number): number {
    return at - Date.now() * this.rate;
  }

  jump(to: Setting): void {
    const { seq, offset } = this.#setting;
    if (to.seq <= seq || to.offset < offset) {
      throw new BackwardsJump(
        `jump ${String(to.seq)} to offset ${String(to.offset)} came after jump ${String(seq)} to ${String(offset)}`,
      );
    }
    this.#setting = to;
  }
}
