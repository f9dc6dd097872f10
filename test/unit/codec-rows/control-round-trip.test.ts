// The control row, the ledger, and the long texts that both are kept in.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatLongText, parseLongText } from "../../../shared/codec/columns.ts";
import { formatControl, formatLedger, parseControl, parseLedger } from "../../../shared/codec/control-rows.ts";
import { NEW_CONTROL, SERVICES } from "../../../shared/domain/control.ts";
import { STEPS } from "../../../shared/domain/names.ts";
import { countCases } from "./case-count.ts";
import { anyControl, anyLedger } from "./stored-values.ts";
import { anyTextUpTo, hasLoneSurrogate } from "./texts.ts";
import { plain, throughTable } from "./through-table.ts";

describe("the control row is read as it was written", () => {
  it("with any rests, promises and stops, in one column or in several", () => {
    const seen = countCases([
      ...SERVICES,
      ...["no rollout", "some rollouts", "no stop", "whole rollout", "one wave", "by automation", "by a person"],
      ...["one column", "more columns", "bad text"],
    ] as const);
    const property = fc.property(anyControl, (control) => {
      const columns = formatControl(control);
      for (const service of SERVICES) seen.saw(service, control.notBefore[service] > 0);
      seen.saw(control.rollouts.length === 0 ? "no rollout" : "some rollouts");
      seen.saw("json1" in columns ? "more columns" : "one column");
      for (const { stops } of control.rollouts) {
        seen.saw("no stop", stops.length === 0);
        for (const stop of stops) {
          seen.saw(stop.wave === "*" ? "whole rollout" : "one wave");
          seen.saw(stop.by === "automation" ? "by automation" : "by a person");
          seen.saw("bad text", hasLoneSurrogate(stop.because));
        }
      }
      expect(parseControl(throughTable(columns))).toStrictEqual(plain(control));
    });
    fc.assert(property, { numRuns: 200 });
    seen.expectEach(10);
  });

  it("also before anything was written but the defaults", () => {
    expect(parseControl(throughTable(formatControl(NEW_CONTROL)))).toStrictEqual(NEW_CONTROL);
  });

  it("with its level as a column of its own, for whoever looks at the table", () => {
    expect(formatControl(NEW_CONTROL)).toMatchObject({ v: 1, level: NEW_CONTROL.level });
  });
});

describe("the ledger is read as it was written", () => {
  it("with any buckets, senders and unfinished releases, in one column or in several", () => {
    const seen = countCases([
      ...STEPS,
      ...["no sender", "some senders", "no entry", "some entries", "grant", "no grant"],
      ...["tokens owed", "part of a token", "one column", "more columns"],
    ] as const);
    const property = fc.property(anyLedger, (ledger) => {
      const columns = formatLedger(ledger);
      seen.saw(ledger.senders.length === 0 ? "no sender" : "some senders");
      seen.saw(ledger.entries.length === 0 ? "no entry" : "some entries");
      for (const { step, grant } of ledger.entries.slice(0, 4)) {
        seen.saw(step);
        seen.saw(grant.length === 0 ? "no grant" : "grant");
      }
      seen.saw("tokens owed", ledger.graph.tokens < 0);
      seen.saw("part of a token", !Number.isInteger(ledger.graph.tokens));
      seen.saw("json1" in columns ? "more columns" : "one column");
      expect(parseLedger(throughTable(columns))).toStrictEqual(plain(ledger));
    });
    fc.assert(property, { numRuns: 150 });
    seen.expectEach(5);
  });
});

describe("a long text is joined as it was cut", () => {
  it("whatever its length, and wherever a cut falls", () => {
    const seen = countCases(["empty", "one column", "more columns", "bad text"]);
    const property = fc.property(anyTextUpTo(100_000), (text) => {
      const columns = formatLongText("json", text);
      seen.saw("empty", text === "");
      seen.saw("json1" in columns ? "more columns" : "one column");
      seen.saw("bad text", hasLoneSurrogate(text));
      expect(Object.values(columns).every((piece) => piece.length <= 30_000)).toBe(true);
      expect(parseLongText("json", throughTable(columns))).toBe(text);
    });
    fc.assert(property, { numRuns: 200 });
    seen.expectEach(1);
  });

  it("at the lengths where a column ends, also between the halves of one character", () => {
    for (const length of [0, 1, 29_999, 30_000, 30_001, 59_999, 60_000, 60_001]) {
      for (const text of ["x".repeat(length), `${"x".repeat(Math.max(0, length - 1))}👩`]) {
        const columns = formatLongText("json", text);
        expect(Object.keys(columns)).toHaveLength(Math.max(1, Math.ceil(text.length / 30_000)));
        expect(parseLongText("json", throughTable(columns)) === text).toBe(true);
      }
    }
  });

  it("in the order of its columns, not of the table's answer", () => {
    expect(parseLongText("json", { json2: "c", json0: "a", other0: "x", json1: "b" })).toBe("abc");
    const letters = Array.from({ length: 12 }, (_, index) => String.fromCharCode(97 + index));
    const answered = Object.fromEntries(letters.map((letter, index) => [`json${index}`, letter] as const).reverse());
    expect(parseLongText("json", answered)).toBe("abcdefghijkl");
  });
});
