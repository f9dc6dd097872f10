// Waits until a client has nothing in its hand: no delivery without an answer. Taking a link or a connection away at another
// moment costs a client of the SDK (7.9.5) much more than the real service would: a settlement on a link that is gone is given
// up only after all its time limits, and after a close by force it dials twice at once and never finds its way back.

/** A client that does not settle in time is left alone: what was to be done is not done. */
const PATIENCE_MS = 2_000;
/** The last answers are only on their way: rhea writes them after this turn of the loop. */
const WRITTEN_MS = 10;

export class FreeMoment {
  readonly #inHand: () => number;
  readonly #giveUp: () => void;
  #awaited: { readonly act: () => void; readonly timer: NodeJS.Timeout } | null = null;

  /** @param giveUp the moment did not come: what was paused goes on */
  constructor(inHand: () => number, giveUp: () => void) {
    this.#inHand = inHand;
    this.#giveUp = giveUp;
  }

  /** Until then nothing more must be given into the client's hand. */
  get isAwaited(): boolean {
    return this.#awaited !== null;
  }

  wait(act: () => void): void {
    if (this.#awaited !== null) return;
    const timer = setTimeout(() => {
      this.forget();
      this.#giveUp();
    }, PATIENCE_MS);
    this.#awaited = { act, timer: timer.unref() };
  }

  /** Something was answered. */
  look(): void {
    if (this.#awaited === null || this.#inHand() > 0) return;
    const { act, timer } = this.#awaited;
    clearTimeout(timer);
    const last = setTimeout(() => {
      this.forget();
      act();
    }, WRITTEN_MS);
    this.#awaited = { act, timer: last.unref() };
  }

  forget(): void {
    if (this.#awaited !== null) clearTimeout(this.#awaited.timer);
    this.#awaited = null;
  }
}
