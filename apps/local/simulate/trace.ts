// What happened, in order: a hash of all of it, by which two runs of a seed are compared, and the last steps for a person.
import type { Instant } from "../../../shared/domain/instant.ts";
import { hash32 } from "../../../shared/domain/hash.ts";

const KEPT = 200;

export class Trace {
  #hash = 0;
  #lines: string[] = [];

  add(at: Instant, what: string): void {
    const line = `${new Date(at).toISOString()} ${what}`;
    this.#hash = hash32(line, this.#hash);
    this.#lines.push(line);
    if (this.#lines.length > 2 * KEPT) this.#lines = this.#lines.slice(-KEPT);
  }

  get hash(): string {
    return this.#hash.toString(16).padStart(8, "0");
  }

  get last(): readonly string[] {
    return this.#lines.slice(-KEPT);
  }
}
