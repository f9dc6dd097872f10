// Randomness and hashing as ports: a seed replays exactly, and the domain needs no library.
export interface Ids {
  /** 32 hexadecimal digits, random. */
  newId(): string;
}

export interface Randomness {
  /** In [0, 1). */
  next(): number;
}

export interface Hash {
  /** SHA-256, lower-case hexadecimal. */
  digest(text: string): string;
}
