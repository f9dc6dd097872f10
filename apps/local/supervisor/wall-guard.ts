// Notices that the machine's clock was set back, by the clock that nobody can set.

/** Smaller steps are a clock being slewed, or a scheduler's delay between the two readings. */
const NOISE_MS = 20;

export class WallGuard {
  #wall = Date.now();
  #steady = performance.now();

  /** By how much the wall went back since the last call. */
  stepBackMs(): number {
    const [wall, steady] = [Date.now(), performance.now()];
    const lost = Math.round(steady - this.#steady - (wall - this.#wall));
    this.#wall = wall;
    this.#steady = steady;
    return lost > NOISE_MS ? lost : 0;
  }
}
