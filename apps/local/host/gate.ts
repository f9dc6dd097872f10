// Counts what runs in this host and keeps back what may not start: the supervisor may move the clock only while nothing runs.

export interface GateReport {
  readonly running: number;
  /** Passages that have ended since the process started. */
  readonly serial: number;
}

/** Queue and HTTP invocations are counted by `serial`, timers are not: the supervisor fired them and hears of their end. */
export type Passage = "counted" | "uncounted";

export class Gate {
  #isHeld = false;
  #isClosing = false;
  #isHalted = false;
  #running = 0;
  #serial = 0;
  #waiting: (() => void)[] = [];
  #idle: (() => void)[] = [];
  readonly #onBusy: () => void;
  readonly #onIdle: (serial: number) => void;

  constructor(onBusy: () => void, onIdle: (serial: number) => void) {
    this.#onBusy = onBusy;
    this.#onIdle = onIdle;
  }

  /** Runs `work` now, or after the next `open` when held. Held work does not count as running: nothing of it has begun. */
  async pass<T>(passage: Passage, work: () => Promise<T>): Promise<T> {
    while (this.#isHalted || (this.#isHeld && !this.#isClosing)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (++this.#running === 1) this.#onBusy();
    try {
      return await work();
    } finally {
      this.#running--;
      if (passage === "counted") this.#serial++;
      if (this.#running === 0) this.#reportIdle();
    }
  }

  hold(): GateReport {
    this.#isHeld = true;
    return { running: this.#running, serial: this.#serial };
  }

  open(): void {
    this.#isHeld = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** This process is about to end by a crash: nothing begins any more. */
  halt(): void {
    this.#isHalted = true;
  }

  get isHalted(): boolean {
    return this.#isHalted;
  }

  /** From now on nothing is kept back any more; resolves when nothing runs. */
  async drain(): Promise<void> {
    this.#isClosing = true;
    this.open();
    await new Promise((resume) => setImmediate(resume)); // what was kept back has begun, and counts
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #reportIdle(): void {
    this.#onIdle(this.#serial);
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
