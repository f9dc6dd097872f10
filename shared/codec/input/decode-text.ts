// Bytes of a file that a person saved → its text. What Excel writes is understood or refused by name, never guessed: a wrong
// guess would put wrong names into mails.
import type { FaultList, Place } from "./fault-list.ts";

export interface DecodedText {
  readonly text: string;
  readonly encoding: "UTF-8" | "UTF-16LE" | "UTF-16BE";
}

const START: Place = { line: 1, column: 1 };

/** Other kinds of file that people hand over by mistake, known by their first bytes. */
const OTHER_KINDS: readonly { readonly bytes: readonly number[]; readonly kind: string }[] = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], kind: "an Excel workbook (.xlsx) or another zip archive" },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], kind: "an old Excel workbook (.xls)" },
  { bytes: [0x25, 0x50, 0x44, 0x46], kind: "a PDF" },
  { bytes: [0x1f, 0x8b], kind: "a gzip archive" },
];

/**
 * The text of `bytes` without its byte order mark, or `undefined` when there is a fault that hides all others.
 *
 * @param saveAs how a person saves such a file so that it can be read
 */
export function decodeText(bytes: Uint8Array, saveAs: string, faults: FaultList): DecodedText | undefined {
  const other = OTHER_KINDS.find(({ bytes: magic }) => magic.every((byte, index) => bytes[index] === byte));
  if (other !== undefined) {
    faults.add(START, `This is ${other.kind}, not text.`, `Expected text. ${saveAs}`);
    return undefined;
  }
  const decoded = decode(bytes, saveAs, faults);
  if (decoded === undefined) return undefined;
  const control = CONTROL.exec(decoded.text);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).padStart(4, "0").toUpperCase();
    faults.add(
      placeAt(decoded.text, control.index),
      `There is a control character (U+${code}), so this is no plain text.`,
      `Expected a text file. Delete the character, or export the file again. ${saveAs}`,
    );
    return undefined;
  }
  return decoded;
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/u;

function decode(bytes: Uint8Array, saveAs: string, faults: FaultList): DecodedText | undefined {
  const utf16 = utf16Of(bytes);
  if (utf16 === undefined) return decodeUtf8(bytes, saveAs, faults);
  try {
    const text = new TextDecoder(utf16.toLowerCase(), { fatal: true }).decode(bytes);
    return { text, encoding: utf16 };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    faults.add(START, `The file begins like ${utf16} text and then is not.`, `Export the file again. ${saveAs}`);
    return undefined;
  }
}

/** Excel's "Unicode Text" begins with a mark; PowerShell's and others' may not, and then every second byte of it is 0. */
function utf16Of(bytes: Uint8Array): "UTF-16LE" | "UTF-16BE" | undefined {
  const head = [...bytes.subarray(0, 4)];
  if (head[0] === 0xff && head[1] === 0xfe) return "UTF-16LE";
  if (head[0] === 0xfe && head[1] === 0xff) return "UTF-16BE";
  // Two Latin letters: which bytes of the four are 0?
  const zeros = head.map((byte) => (byte === 0 ? "0" : "x")).join("");
  return zeros === "x0x0" ? "UTF-16LE" : zeros === "0x0x" ? "UTF-16BE" : undefined;
}

function decodeUtf8(bytes: Uint8Array, saveAs: string, faults: FaultList): DecodedText | undefined {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: "UTF-8" };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const fault = firstBadByte(bytes);
    faults.add(
      fault.place,
      `Byte 0x${fault.byte.toString(16)} is not UTF-8; in Windows-1252 it would be "${fault.inWindows1252}".`,
      `Expected UTF-8. ${saveAs}`,
    );
    return undefined;
  }
}

/** Decoders only say that there is a bad byte. The longest beginning that decodes says where it is. */
function firstBadByte(bytes: Uint8Array): { place: Place; byte: number; inWindows1252: string } {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (decodeBeginning(bytes.subarray(0, middle)) === undefined) bad = middle;
    else good = middle;
  }
  // A letter that has begun and does not go on is not in the text: the bad byte is its first.
  const text = decodeBeginning(bytes.subarray(0, good)) ?? "";
  const byte = bytes[new TextEncoder().encode(text).length] ?? 0;
  const { line, column } = placeAt(text, text.length);
  const place = { line, column: line === 1 && text.startsWith("\ufeff") ? column - 1 : column };
  return { place, byte, inWindows1252: new TextDecoder("windows-1252").decode(Uint8Array.of(byte)) };
}

function decodeBeginning(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Line and column of an offset in `text`. CRLF, LF and a lone CR each end a line. */
export function placeAt(text: string, offset: number): Place {
  return createPlaceFinder(text)(offset);
}

/** The same for many offsets: the lines are found once. */
export function createPlaceFinder(text: string): (offset: number) => Place {
  const starts = [0, ...Array.from(text.matchAll(/\r\n|\n|\r/gu), (end) => end.index + end[0].length)];
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
