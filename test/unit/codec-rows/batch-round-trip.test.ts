// Headers, journal entries and the keys of a batch's rows.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as rows from "../../../shared/codec/batch-rows.ts";
import { formatEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import { HEADER_COLUMNS } from "../../../shared/codec/batch-rows.ts";
import { unknownColumns } from "../../../shared/codec/columns.ts";
import { PHASES } from "../../../shared/domain/enrollment.ts";
import { FAR_FUTURE } from "../../../shared/domain/instant.ts";
import { foldJournal } from "../../../shared/domain/journal.ts";
import type { Columns } from "../../../shared/domain/journal.ts";
import { STEPS } from "../../../shared/domain/names.ts";
import { enrollmentIn } from "../../support/arbitraries.ts";
import { aHeader } from "../../support/builders.ts";
import { countCases } from "./case-count.ts";
import { anyHeader, anyJournalEntry } from "./stored-values.ts";
import { anyId, hasLoneSurrogate } from "./texts.ts";
import { plain, throughTable } from "./through-table.ts";

describe("a batch header is loaded as it was saved", () => {
  it("with any counts, due steps, failures and chain", () => {
    const seen = countCases([
      ...PHASES,
      ...["no phase", "nothing due", "something due", "no failure", "some failures", "own nudge", "no nudge"],
    ] as const);
    const property = fc.property(anyHeader, (header) => {
      for (const phase of PHASES) seen.saw(phase, header.phases[phase] > 0);
      seen.saw(
        "no phase",
        PHASES.every((phase) => header.phases[phase] === 0),
      );
      for (const step of STEPS) seen.saw(header.due[step].at === FAR_FUTURE ? "nothing due" : "something due");
      seen.saw(Object.keys(header.failures).length === 0 ? "no failure" : "some failures");
      seen.saw(header.nudgeAt === 0 ? "no nudge" : "own nudge");
      const columns = rows.formatHeader(header);
      expect(unknownColumns(columns, HEADER_COLUMNS)).toEqual({});
      expect(rows.parseHeader(throughTable(columns))).toStrictEqual(plain(header));
    });
    fc.assert(property, { numRuns: 500 });
    seen.expectEach(20);
  });

  it("and counts only the phases that somebody is in", () => {
    const header = aHeader();
    const columns = rows.formatHeader({ ...header, phases: { ...header.phases, notified: 40 } });
    expect(columns["phases"]).toBe('{"notified":40}');
  });
});

describe("a journal entry is read as it was written", () => {
  it("with any actor, cause and changes, in one column or in several", () => {
    const seen = countCases(["no change", "some changes", "one column", "more columns", "column gone", "bad text"]);
    const property = fc.property(anyJournalEntry, (entry) => {
      const columns = rows.formatJournal(entry);
      seen.saw(entry.changes.length === 0 ? "no change" : "some changes");
      seen.saw("changes1" in columns ? "more columns" : "one column");
      seen.saw(
        "column gone",
        entry.changes.some((change) => Object.values(change.columns).includes("")),
      );
      seen.saw("bad text", hasLoneSurrogate(entry.actor + entry.cause));
      expect(rows.parseJournal(throughTable(columns))).toStrictEqual(plain(entry));
    });
    fc.assert(property, { numRuns: 200 });
    seen.expectEach(10);
  });

  it("invariant 10: the text of its hash is the same before and after", () => {
    const seen = countCases(["some changes"]);
    const property = fc.property(anyJournalEntry, (entry) => {
      seen.saw("some changes", entry.changes.length > 0);
      const read = rows.parseJournal(throughTable(rows.formatJournal(entry)));
      expect(rows.journalText(read)).toBe(rows.journalText(entry));
    });
    fc.assert(property, { numRuns: 100 });
    seen.expectEach(20);
  });

  it("invariant 10: every part of an entry is in the text of its hash, but the hash", () => {
    const seen = countCases(["compared"]);
    const property = fc.property(anyJournalEntry, ({ hash, ...entry }) => {
      const text = rows.journalText(entry);
      const others = [
        { ...entry, seq: entry.seq + 1 },
        { ...entry, commitId: `${entry.commitId}.` },
        { ...entry, at: entry.at + 1 },
        { ...entry, actor: `${entry.actor}.` },
        { ...entry, cause: `${entry.cause}.` },
        { ...entry, previousHash: `${entry.previousHash}.` },
        { ...entry, changes: [...entry.changes, { slot: 0, columns: {} }] },
        // What moves from one part to the next must not give the same text.
        { ...entry, actor: `${entry.actor}"`, cause: `"${entry.cause}` },
      ];
      for (const other of others) expect(rows.journalText(other)).not.toBe(text);
      seen.saw("compared", rows.journalText({ ...entry, changes: [...entry.changes] }) === text && hash !== text);
    });
    fc.assert(property, { numRuns: 100 });
    seen.expectEach(100);
  });
});

describe("invariant 10: the changes written down fold to the stored row", () => {
  const withoutEmpty = (columns: Columns): Columns =>
    Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== ""));

  it("from nothing to any row, and from any row to any other", () => {
    const seen = countCases(["nothing changed", "a column went away", "a column came", "a value changed"]);
    const anyRow = fc.oneof(...PHASES.map(enrollmentIn)).map(formatEnrollment);
    const pairs = fc.oneof(
      fc.tuple(anyRow, anyRow),
      anyRow.map((row) => [row, row] as const),
    );
    const property = fc.property(pairs, fc.nat(39), ([first, second], slot) => {
      const changes = [rows.diffColumns(slot, {}, first), rows.diffColumns(slot, first, second)];
      const changed = Object.entries(changes[1]?.columns ?? {});
      seen.saw("nothing changed", changed.length === 0);
      seen.saw(
        "a column went away",
        changed.some(([name, value]) => value === "" && name in first),
      );
      seen.saw(
        "a column came",
        changed.some(([name]) => !(name in first)),
      );
      seen.saw(
        "a value changed",
        changed.some(([name]) => name in first && name in second),
      );
      for (const [name, value] of changed) expect(first[name]).not.toBe(value);

      const note = { seq: 1, commitId: "c", at: 0, actor: "a", cause: "c", previousHash: "p", hash: "h" };
      const folded = foldJournal(changes.map((change) => ({ ...note, changes: [change] }))).get(slot) ?? {};
      expect(withoutEmpty(folded)).toEqual(withoutEmpty(second));
    });
    fc.assert(property, { numRuns: 1_000 });
    seen.expectEach(50);
  });
});

describe("the keys of a batch's rows", () => {
  const anyBatch = fc.oneof(fc.constantFrom(0, 499, 500, 99_999), fc.nat(99_999));

  it("name the batch and the slot that they were made of", () => {
    const seen = countCases(["first block", "later block"]);
    const property = fc.property(anyBatch, fc.nat(39), fc.nat(99_999_999), (batch, slot, seq) => {
      seen.saw(batch < 500 ? "first block" : "later block");
      const keys = [rows.headerKey(batch), rows.rowKey(batch, slot), rows.journalKey(batch, seq)];
      expect(keys.map(rows.batchOfKey)).toEqual([batch, batch, batch]);
      expect(rows.slotOfKey(rows.rowKey(batch, slot))).toBe(slot);
      for (const key of keys) throughTable({ [key]: 1 });
    });
    fc.assert(property, { numRuns: 200 });
    seen.expectEach(10);
  });

  it("stand in the order of their numbers: a range of rows is a range of batches, slots or entries", () => {
    const seen = countCases(["another batch", "the same batch"]);
    const places = fc.tuple(anyBatch, fc.nat(39), fc.nat(99_999_999));
    const pairs = fc
      .tuple(places, places, fc.boolean())
      .map(([a, b, same]) => [a, same ? ([a[0], b[1], b[2]] as const) : b] as const);
    const property = fc.property(pairs, ([[batchA, slotA, seqA], [batchB, slotB, seqB]]) => {
      seen.saw(batchA === batchB ? "the same batch" : "another batch");
      const bySlot = batchA - batchB || slotA - slotB;
      const bySeq = batchA - batchB || seqA - seqB;
      expect(orderOf(rows.rowKey(batchA, slotA), rows.rowKey(batchB, slotB))).toBe(Math.sign(bySlot));
      expect(orderOf(rows.journalKey(batchA, seqA), rows.journalKey(batchB, seqB))).toBe(Math.sign(bySeq));
      expect(orderOf(rows.headerKey(batchA), rows.headerKey(batchB))).toBe(Math.sign(batchA - batchB));
    });
    fc.assert(property, { numRuns: 500 });
    seen.expectEach(50);
  });

  it("lie in a partition that no other rollout, wave or block has", () => {
    const seen = countCases(["the same partition", "another partition"]);
    const address = fc.record({
      rollout: fc.oneof(fc.constantFrom("a", "a-b"), anyId),
      wave: fc.oneof(fc.constantFrom("b-c", "c"), anyId),
      batch: anyBatch,
    });
    const property = fc.property(address, address, fc.boolean(), (a, other, near) => {
      const b = near ? { ...a, batch: other.batch } : other;
      const same =
        a.rollout === b.rollout && a.wave === b.wave && Math.floor(a.batch / 500) === Math.floor(b.batch / 500);
      seen.saw(same ? "the same partition" : "another partition");
      expect(rows.partitionOf(a) === rows.partitionOf(b)).toBe(same);
    });
    fc.assert(property, { numRuns: 500 });
    seen.expectEach(10);
  });

  it("end a range at the next prefix, and not later", () => {
    expect(rows.rangeOf("u_00001")).toEqual({ from: "u_00001", to: "u_00002" });
    expect(rows.rangeOf("h_")).toEqual({ from: "h_", to: "h`" });
  });

  it("are in the range of their prefix, and keys of other batches are not", () => {
    const seen = countCases(["inside", "outside"]);
    const property = fc.property(anyBatch, anyBatch, fc.nat(39), fc.boolean(), (batch, far, slot, near) => {
      const other = near ? batch : far;
      const { from, to } = rows.rangeOf(rows.rowKey(batch, 0).slice(0, -2));
      const key = rows.rowKey(other, slot);
      seen.saw(other === batch ? "inside" : "outside");
      expect(key >= from && key < to).toBe(other === batch);
    });
    fc.assert(property, { numRuns: 200 });
    seen.expectEach(20);
  });
});

function orderOf(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
