// The earlier of two nudges; 0 = none.
import type { Instant } from "../domain/instant.ts";

export function earlierNudge(a: Instant, b: Instant): Instant {
  if (a === 0 || b === 0) return Math.max(a, b);
  return Math.min(a, b);
}
