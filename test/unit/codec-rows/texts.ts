// Texts as people, directories and attackers write them. Every free text of a row is tried with them.
import * as fc from "fast-check";

export const HOSTILE = [
  "",
  'it\'s "quoted" and `ticked`, \\ and \\\\',
  "two\r\nlines\n\u2028and\u2029more",
  "__proto__",
  "constructor",
  '{"__proto__":{"level":9}}',
  "' or PartitionKey ne '",
  "\u0000\u0001\u001f\u007f",
  "\ud800",
  "tail \udc00",
  "\udc00\ud800 the wrong way round",
  "👩‍👩‍👧 مرحبا ‮drawkcab",
  "NaN",
  "2026-03-02T08:00:00.000Z",
] as const;

const LONE_SURROGATE = /\p{Surrogate}/u;

export function hasLoneSurrogate(text: string): boolean {
  return LONE_SURROGATE.test(text);
}

/** Any code units in any order: pairs, halves of pairs, controls. */
const anyUnits = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })), { maxLength: 20 })
  .map((units) => String.fromCharCode(...units));

export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ maxLength: 40 }),
  anyUnits,
);

/** A piece again and again, up to a length: what fills one column, and what needs more than one. */
export function anyTextUpTo(max: number): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ minLength: 1, maxLength: 30 }), anyUnits);
  return fc
    .tuple(piece, fc.integer({ min: 0, max }))
    .map(([text, length]) => text.repeat(Math.ceil(length / Math.max(1, text.length))).slice(0, length));
}

/** Of rollouts and waves. */
export const anyId: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("pilot", "wave-2", "-", "a".repeat(40)),
  fc.stringMatching(/^[a-z0-9-]{1,40}$/),
);
