// A stable hash of our own (MurmurHash3, 32 bit, over UTF-16 code units as little-endian bytes), because the same inputs must
// give the same waves on every machine and in every later version (invariant 8). Test vectors: test/unit/domain/hash.test.ts.

export function hash32(text: string, seed: number): number {
  let h = seed >>> 0;
  let i = 0;
  for (; i + 1 < text.length; i += 2) {
    const k = (text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)) >>> 0;
    h ^= scramble(k);
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  if (i < text.length) h ^= scramble(text.charCodeAt(i));
  return finish(h ^ (text.length * 2));
}

/** A GUID (version 8 layout: custom content) derived from a text; equal texts give equal GUIDs. Lower case. */
export function deriveGuid(text: string): string {
  const words = [0, 1, 2, 3].map((seed) => hash32(text, seed).toString(16).padStart(8, "0")).join("");
  const variant = "89ab".charAt(hash32(text, 4) % 4);
  return `${words.slice(0, 8)}-${words.slice(8, 12)}-8${words.slice(13, 16)}-${variant}${words.slice(17, 20)}-${words.slice(20, 32)}`;
}

function scramble(k: number): number {
  const mixed = Math.imul(k, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function finish(h: number): number {
  let mixed = h;
  mixed ^= mixed >>> 16;
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  return mixed >>> 0;
}
