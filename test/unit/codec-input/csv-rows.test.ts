import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCsv } from "../../../shared/codec/input/csv-rows.ts";
import { createFaultList } from "../../../shared/codec/input/fault-list.ts";
import { linesOf } from "./faults-of.ts";

function rowsOf(text: string): readonly (readonly string[])[] {
  const faults = createFaultList("f.csv");
  const { rows } = readCsv(text, faults);
  faults.throwIfAny();
  return rows.map((row) => row.map((cell) => cell.text));
}

describe("readCsv", () => {
  it.each([
    ["commas", "a,b\n1,2\n", ","],
    ["semicolons", "a;b\n1,5;2\n", ";"],
    ["tabs", "a\tb\n1\t2\n", "\t"],
    ["bars", "a|b\n1|2\n", "|"],
    ["what stands most often outside quotes", '"a,b,c,d";e\n1;2\n', ";"],
    ["what the first line declares", "sep=;\na,b;c\n", ";"],
    ["a single column", "a\n1\n", ","],
  ])("detects %s", (_, text, delimiter) => {
    expect(readCsv(text, createFaultList("f")).delimiter).toBe(delimiter);
  });

  it.each([
    [
      "CRLF, LF and a lone CR",
      "a,b\r\n1,2\n3,4\r5,6",
      [
        ["a", "b"],
        ["1", "2"],
        ["3", "4"],
        ["5", "6"],
      ],
    ],
    [
      "quotes with delimiters, quotes and lines in them",
      'a,b\n"x, ""y""","1\n2"\n',
      [
        ["a", "b"],
        ['x, "y"', "1\n2"],
      ],
    ],
    [
      "rows without anything",
      "a,b\n\n,\n  \n1,2\n\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "empty cells at both ends",
      "a,b,c\n,x,\n",
      [
        ["a", "b", "c"],
        ["", "x", ""],
      ],
    ],
    ["a quoted cell at the end of the file", 'a\n"x"', [["a"], ["x"]]],
    [
      "an empty quoted cell",
      'a,b\n"",x\n',
      [
        ["a", "b"],
        ["", "x"],
      ],
    ],
    [
      "the line after a declared separator",
      "sep=;\r\na;b\r\n1;2\r\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
  ])("reads %s", (_, text, rows) => {
    expect(rowsOf(text)).toEqual(rows);
  });

  it("says where each cell stands, also behind a cell of two lines", () => {
    const { rows } = readCsv('sep=,\na,"b"\n"x\r\ny",z\nu,v', createFaultList("f"));
    expect(rows.map((row) => row.map(({ place }) => `${place.line}:${place.column}`))).toEqual([
      ["2:1", "2:3"],
      ["3:1", "4:4"],
      ["5:1", "5:3"],
    ]);
  });

  it.each([
    [
      "a quote that is never closed, where it was opened",
      'a,b\n1,"x\n3,4\n',
      ["f.csv:2:3: The quote opened here is never closed. Close it, or delete it."],
    ],
    [
      "the first of two unclosed quotes, which look closed by the second",
      'a,b\n1,"x\n3,"y\n',
      [
        "f.csv:2:3: The quote opened here is never closed. Close it, or delete it.",
        "f.csv:3:3: The quote opened here is never closed. Close it, or delete it.",
      ],
    ],
    [
      "a quote in the middle of a cell",
      'a\nO"Neil\n',
      [
        'f.csv:2:2: There is a quote inside the unquoted cell "O\\"Neil". Put the whole cell in quotes and double the quotes within it: "Anna ""Ann"" Berg".',
      ],
    ],
    [
      "text after a closing quote",
      'a,b\n"x"y,z\n',
      [
        'f.csv:2:4: There is text after the closing quote of "x". Put the whole cell in quotes and double the quotes within it: "Anna ""Ann"" Berg".',
      ],
    ],
  ])("reports %s", (_, text, lines) => {
    expect(linesOf(() => rowsOf(text))).toEqual(lines);
  });

  it("goes on with the next line after an unclosed quote", () => {
    const { rows } = readCsv('a,b\n1,"x\n3,4\n', createFaultList("f"));
    expect(rows.map((row) => row.map(({ text }) => text))).toEqual([
      ["a", "b"],
      ["1", "x"],
      ["3", "4"],
    ]);
  });

  it("reads every well-formed file as csv-parse does", () => {
    const seen = { quoted: 0, twoLines: 0, delimiterInside: 0 };
    const cell = fc.string({ unit: fc.constantFrom("a", "ü", " ", '"', ",", ";", "\n", "\r\n"), maxLength: 6 });
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
      );
    fc.assert(
      fc.property(table, fc.constantFrom(",", ";"), fc.constantFrom("\n", "\r\n"), (rows, delimiter, end) => {
        const header = ["h1", "h2", "h3", "h4"].slice(0, rows[0]?.length);
        const text = [header, ...rows].map((row) => row.map(quote(delimiter)).join(delimiter)).join(end);
        if (text.includes('"')) seen.quoted++;
        if (rows.flat().some((value) => value.includes("\n"))) seen.twoLines++;
        if (rows.flat().some((value) => value.includes(delimiter))) seen.delimiterInside++;

        const theirs: string[][] = parse(text, {
          delimiter,
          relax_column_count: true,
          record_delimiter: ["\r\n", "\n"],
        });
        expect(rowsOf(text)).toEqual(theirs.filter((row) => row.some((value) => value.trim() !== "")));
      }),
      { numRuns: 500 },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
  });

  it("ends on any text whatever, with rows or with faults", () => {
    const seen = { faults: 0, clean: 0 };
    const unit = fc.constantFrom('"', ",", ";", "\n", "\r", "a");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
        const faults = createFaultList("f");
        readCsv(text, faults);
        seen[faults.isEmpty() ? "clean" : "faults"]++;
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
  });
});

function quote(delimiter: string): (value: string) => string {
  return (value) => (/["\r\n]/u.test(value) || value.includes(delimiter) ? `"${value.replaceAll('"', '""')}"` : value);
}
