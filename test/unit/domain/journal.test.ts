// Folding stored values, and finding where a chain was touched.
import { expect, it } from "vitest";
import { findBrokenLink, foldJournal } from "../../../shared/domain/journal.ts";
import type { JournalEntry } from "../../../shared/domain/journal.ts";
import { T0 } from "../../support/builders.ts";

const entry = (seq: number, phase: string): JournalEntry => ({
  seq,
  commitId: `c${seq}`,
  at: T0 + seq,
  actor: "automation",
  cause: "test",
  changes: [{ slot: seq % 2, columns: { phase, [`at${seq}`]: seq } }],
  previousHash: seq === 1 ? "genesis" : `h${seq - 1}`,
  hash: `h${seq}`,
});
const chain = [entry(1, "queued"), entry(2, "queued"), entry(3, "enabled"), entry(4, "failed")];

it("invariant 10: folding gives each row its newest values, and keeps those that did not change", () => {
  expect([...foldJournal(chain)]).toEqual([
    [1, { phase: "enabled", at1: 1, at3: 3 }],
    [0, { phase: "failed", at2: 2, at4: 4 }],
  ]);
});

it("invariant 10: an entry that was taken out, moved, put in or cut off at the head is found", () => {
  const [one, two, three, four] = chain as [JournalEntry, JournalEntry, JournalEntry, JournalEntry];
  const broken = (entries: readonly JournalEntry[]) => findBrokenLink(entries, "genesis")?.seq ?? null;

  expect(broken(chain)).toBeNull();
  expect(broken([])).toBeNull();
  expect(broken([one, three, four])).toBe(3);
  expect(broken([one, three, two, four])).toBe(3);
  expect(broken([one, two, { ...three, previousHash: "forged" }, four])).toBe(3);
  expect(broken([one, two, { ...three, seq: 7 }, four])).toBe(7);
  expect(broken([two, three, four])).toBe(2);
});
