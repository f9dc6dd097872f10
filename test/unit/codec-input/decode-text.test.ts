import { describe, expect, it } from "vitest";
import { createPlaceFinder, decodeText, placeAt } from "../../../shared/codec/input/decode-text.ts";
import type { DecodedText } from "../../../shared/codec/input/decode-text.ts";
import { createFaultList } from "../../../shared/codec/input/fault-list.ts";
import { bytesOf, linesOf } from "./faults-of.ts";

function decode(bytes: Uint8Array): DecodedText | undefined {
  const faults = createFaultList("f");
  const decoded = decodeText(bytes, "Save it as UTF-8.", faults);
  faults.throwIfAny();
  return decoded;
}

function utf16be(text: string): Uint8Array {
  return Buffer.from(text, "utf16le").swap16();
}

const TEXT = "Jörg,Ł\r\nπ,😀\n";

describe("decodeText reads what people's programs save", () => {
  it.each([
    ["UTF-8", bytesOf(TEXT), "UTF-8"],
    ["UTF-8 with a byte order mark", bytesOf(`\ufeff${TEXT}`), "UTF-8"],
    ["Excel's UTF-16 (little-endian, with its mark)", Buffer.from(`\ufeff${TEXT}`, "utf16le"), "UTF-16LE"],
    ["big-endian UTF-16 with its mark", utf16be(`\ufeff${TEXT}`), "UTF-16BE"],
    ["little-endian UTF-16 without a mark", Buffer.from(TEXT, "utf16le"), "UTF-16LE"],
    ["big-endian UTF-16 without a mark", utf16be(TEXT), "UTF-16BE"],
  ])("%s", (_, bytes, encoding) => {
    expect(decode(bytes)).toEqual({ text: TEXT, encoding });
  });

  it("and an empty file", () => {
    expect(decode(new Uint8Array())).toEqual({ text: "", encoding: "UTF-8" });
  });
});

describe("decodeText refuses by name what is no text", () => {
  it.each([
    [
      "a workbook",
      Uint8Array.of(0x50, 0x4b, 0x03, 0x04, 1),
      "f:1:1: This is an Excel workbook (.xlsx) or another zip archive, not text. Expected text. Save it as UTF-8.",
    ],
    [
      "an old workbook",
      Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0),
      "f:1:1: This is an old Excel workbook (.xls), not text. Expected text. Save it as UTF-8.",
    ],
    ["a PDF", bytesOf("%PDF-1.7"), "f:1:1: This is a PDF, not text. Expected text. Save it as UTF-8."],
    [
      "a gzip archive",
      Uint8Array.of(0x1f, 0x8b, 8),
      "f:1:1: This is a gzip archive, not text. Expected text. Save it as UTF-8.",
    ],
    [
      "a NUL",
      bytesOf("a,b\nc\u0000"),
      "f:2:2: There is a control character (U+0000), so this is no plain text. Expected a text file. Delete the character, or export the file again. Save it as UTF-8.",
    ],
    [
      "an escape",
      bytesOf("\u001b[2J"),
      "f:1:1: There is a control character (U+001B), so this is no plain text. Expected a text file. Delete the character, or export the file again. Save it as UTF-8.",
    ],
    [
      "Windows-1252",
      Buffer.from("a\nM\xfcller", "latin1"),
      'f:2:2: Byte 0xfc is not UTF-8; in Windows-1252 it would be "ü". Expected UTF-8. Save it as UTF-8.',
    ],
    [
      "Windows-1252 whose byte begins a letter of UTF-8",
      Buffer.from("Ren\xe9e", "latin1"),
      'f:1:4: Byte 0xe9 is not UTF-8; in Windows-1252 it would be "é". Expected UTF-8. Save it as UTF-8.',
    ],
    [
      "Windows-1252 at the very end",
      Buffer.from("Ren\xe9", "latin1"),
      'f:1:4: Byte 0xe9 is not UTF-8; in Windows-1252 it would be "é". Expected UTF-8. Save it as UTF-8.',
    ],
    [
      "a bad byte after a byte order mark",
      Buffer.concat([bytesOf("\ufeffab"), Uint8Array.of(0xff)]),
      'f:1:3: Byte 0xff is not UTF-8; in Windows-1252 it would be "ÿ". Expected UTF-8. Save it as UTF-8.',
    ],
    [
      "a bad byte after U+FFFD itself",
      Buffer.concat([bytesOf("\ufffd\ufffdab"), Uint8Array.of(0xff)]),
      'f:1:5: Byte 0xff is not UTF-8; in Windows-1252 it would be "ÿ". Expected UTF-8. Save it as UTF-8.',
    ],
    [
      "half of a UTF-16 letter",
      Buffer.from([0xff, 0xfe, 0x00, 0xd8]),
      "f:1:1: The file begins like UTF-16LE text and then is not. Export the file again. Save it as UTF-8.",
    ],
    [
      "an odd number of UTF-16 bytes",
      Buffer.from([0xff, 0xfe, 0x61, 0x00, 0x62]),
      "f:1:1: The file begins like UTF-16LE text and then is not. Export the file again. Save it as UTF-8.",
    ],
  ])("%s", (_, bytes, line) => {
    expect(linesOf(() => decode(bytes))).toEqual([line]);
  });
});

describe("places", () => {
  it("count from 1, and CRLF, LF and CR each end a line", () => {
    const text = "a\r\nb\nc\rd";
    expect(["a", "b", "c", "d"].map((letter) => placeAt(text, text.indexOf(letter)))).toEqual([
      { line: 1, column: 1 },
      { line: 2, column: 1 },
      { line: 3, column: 1 },
      { line: 4, column: 1 },
    ]);
  });

  it("are found in the middle, at the end and behind an empty line", () => {
    const placeOf = createPlaceFinder("ab\n\ncd");
    expect([placeOf(1), placeOf(3), placeOf(5), placeOf(6)]).toEqual([
      { line: 1, column: 2 },
      { line: 2, column: 1 },
      { line: 3, column: 2 },
      { line: 3, column: 3 },
    ]);
  });
});
