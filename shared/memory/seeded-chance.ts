// Chance that a seed replays exactly, and a hash that needs no library.
import { hash32 } from "../domain/hash.ts";
import type { Hash, Randomness } from "../ports/chance.ts";

/** Mulberry32: one 32 bit state, passes the usual tests, and is the same on every machine. */
export class SeededRandom implements Randomness {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

/** As long as a SHA-256, and as good for a test; no protection against a forger. */
export class QuickHash implements Hash {
  digest(text: string): string {
    return wide(text, 8);
  }
}

function wide(text: string, words: number): string {
  return Array.from({ length: words }, (_, seed) => hash32(text, seed).toString(16).padStart(8, "0")).join("");
}
