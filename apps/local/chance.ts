// Seeded chance by content: the same seed and the same text give the same number, in whatever order requests come. A stream of
// random numbers would make each answer depend on every answer before it, and no failing run could be replayed.
import { hash32 } from "../../shared/domain/hash.ts";

/** In [0, 1). */
export function chance(seed: number, text: string): number {
  return hash32(text, seed) / 4_294_967_296;
}

/** A standard normal number (Box-Muller), for latencies and paces. */
export function normal(seed: number, text: string): number {
  const u = 1 - chance(seed, `${text}/u`);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * chance(seed, `${text}/v`));
}

export function pick<const A extends readonly [unknown, ...unknown[]]>(seed: number, text: string, from: A): A[number] {
  return from[Math.floor(chance(seed, text) * from.length)] ?? from[0];
}
