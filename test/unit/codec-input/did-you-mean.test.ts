import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { didYouMean, editDistance } from "../../../shared/domain/did-you-mean.ts";

const KEYS = ["rollout", "timeZone", "waves", "graceDays", "registered", "unregistered", "breakGlass", "senders"];

describe("didYouMean", () => {
  it.each([
    ["graceDay", "graceDays"],
    ["gracedays", "graceDays"],
    ["grace_days", "graceDays"],
    ["Grace Days", "graceDays"],
    ["garceDays", "graceDays"],
    ["wavs", "waves"],
    ["timzone", "timeZone"],
    ["unregisterd", "unregistered"],
    ["sender", "senders"],
  ])("offers the key that %s was meant to be: %s", (word, meant) => {
    expect(didYouMean(word, KEYS)).toBe(meant);
  });

  it.each(["budget", "x", "", "   ", "zzzzzzzz", "g".repeat(10_000)])(
    "offers nothing for %s, which is near to nothing",
    (word) => {
      expect(didYouMean(word, KEYS)).toBeUndefined();
    },
  );

  it("offers the first of two that are equally near", () => {
    expect(didYouMean("cat", ["car", "cap"])).toBe("car");
  });

  it("never replaces a whole short word by another one", () => {
    expect(didYouMean("a", ["b"])).toBeUndefined();
    expect(didYouMean("ab", ["xy"])).toBeUndefined();
  });
});

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["abc", "abc", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["abc", "abd", 1],
    ["abc", "acb", 1],
    ["ca", "abc", 3],
    ["kitten", "sitting", 3],
    ["abcd", "badc", 2],
  ])("of %j and %j is %i", (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
  });

  it("is the same both ways, 0 only for equal texts, and bounded by the lengths", () => {
    const seen = { equal: 0, different: 0 };
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        seen[a === b ? "equal" : "different"]++;
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(10);
  });
});
