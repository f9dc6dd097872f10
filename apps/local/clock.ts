// The clock of one process of the embedded runtime: wall clock plus an offset that only the supervisor moves, forward only.
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
  #latest = Number.NEGATIVE_INFINITY;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  get offset(): number {
    return this.#setting.offset;
  }

  get seq(): number {
    return this.#setting.seq;
  }

  /** Never goes back, also when somebody sets the machine's clock back: it stands still until the wall has caught up. */
  now(): number {
    this.#latest = Math.max(this.#latest, Date.now() + this.#setting.offset);
    return this.#latest;
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
