// Time comes from here and from nowhere else: the same code runs on the wall clock, on the embedded runtime's offset clock
// and on a simulation's virtual clock.
import type { Instant } from "../domain/instant.ts";

export interface Clock {
  /** Now, in milliseconds since the epoch. Never goes back within a process. */
  now(): Instant;
}
