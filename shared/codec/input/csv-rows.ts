// CSV text → rows of cells, each with the line and column at which it stands. Our own reader, because csv-parse knows no
// column of a cell and reports an unclosed quote at the end of the file; a test holds both to the same rows.
import type { FaultList, Place } from "./fault-list.ts";
import { shown } from "./fault-list.ts";

export interface CsvCell {
  readonly text: string;
  readonly place: Place;
}

export interface CsvTable {
  readonly delimiter: string;
  /** Rows with nothing in them are left out. */
  readonly rows: readonly (readonly CsvCell[])[];
}

// Tabs come with Excel's "Unicode Text", semicolons wherever the decimal sign is a comma.
const DELIMITERS = [",", ";", "\t", "|"] as const;
export function readCsv(text: string, faults: FaultList): CsvTable {
  // Excel writes and obeys a first line `sep=;`.
  const declared = /^sep=([,;\t|])(?:\r\n|\n|\r)/iu.exec(text);
  const delimiter = declared?.[1] ?? detectDelimiter(text);
  const reader = new CsvReader(text, delimiter, faults);
  if (declared !== null) reader.skip(declared[0].length);
  const rows: (readonly CsvCell[])[] = [];
  while (!reader.isAtEnd()) {
    const row = reader.readRow();
    if (row.some((cell) => cell.text.trim() !== "")) rows.push(row);
  }
  return { delimiter, rows };
}

/** The one that stands most often in the header line, outside quotes. */
function detectDelimiter(text: string): string {
  const header = (/\S[^\r\n]*/u.exec(text)?.[0] ?? "").replace(/"[^"]*"/gu, "");
  let best = ",";
  let most = 0;
  for (const candidate of DELIMITERS) {
    const count = header.split(candidate).length - 1;
    if (count > most) {
      best = candidate;
      most = count;
    }
  }
  return best;
}

class CsvReader {
  readonly #text: string;
  readonly #delimiter: string;
  readonly #faults: FaultList;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, delimiter: string, faults: FaultList) {
    this.#text = text;
    this.#delimiter = delimiter;
    this.#faults = faults;
  }

  isAtEnd(): boolean {
    return this.#offset >= this.#text.length;
  }

  skip(count: number): void {
    const end = this.#offset + count;
    while (this.#offset < end) this.#step();
  }

  readRow(): readonly CsvCell[] {
    const row: CsvCell[] = [];
    for (;;) {
      row.push(this.#text[this.#offset] === '"' ? this.#readQuoted() : this.#readBare());
      if (this.#text[this.#offset] === this.#delimiter) {
        this.#step();
        continue;
      }
      this.#step(); // the end of the line, or of the file
      return row;
    }
  }

  #readBare(): CsvCell {
    const place = this.#place();
    const start = this.#offset;
    while (!this.isAtEnd() && !this.#isCellEnd()) this.#offset++;
    const text = this.#text.slice(start, this.#offset);
    const quote = text.indexOf('"');
    if (quote >= 0) {
      this.#faults.add(
        { line: place.line, column: place.column + quote },
        `There is a quote inside the unquoted cell ${shown(text)}.`,
        'Put the whole cell in quotes and double the quotes within it: "Anna ""Ann"" Berg".',
      );
    }
    return { text, place };
  }

  #readQuoted(): CsvCell {
    const place = this.#place();
    const opening = { offset: this.#offset, line: this.#line, lineStart: this.#lineStart };
    let text = "";
    this.#offset++;
    for (;;) {
      if (this.isAtEnd()) return this.#unclosed(place, opening);
      if (this.#text[this.#offset] !== '"') {
        text += this.#take();
      } else if (this.#text[this.#offset + 1] === '"') {
        text += '"';
        this.#offset += 2;
      } else {
        break;
      }
    }
    this.#offset++;
    if (this.isAtEnd() || this.#isCellEnd()) return { text, place };
    // A quote that closes lines later, in the middle of something else, is the next cell's opening one.
    if (this.#line !== place.line) return this.#unclosed(place, opening);
    this.#faults.add(
      this.#place(),
      `There is text after the closing quote of ${shown(text)}.`,
      'Put the whole cell in quotes and double the quotes within it: "Anna ""Ann"" Berg".',
    );
    while (!this.isAtEnd() && !this.#isCellEnd()) this.#offset++;
    return { text, place };
  }

  /** Says so where the quote was opened, and goes on with the next line, so that the rest of the file is read too. */
  #unclosed(place: Place, opening: { offset: number; line: number; lineStart: number }): CsvCell {
    this.#faults.add(place, "The quote opened here is never closed.", "Close it, or delete it.");
    this.#offset = opening.offset + 1;
    this.#line = opening.line;
    this.#lineStart = opening.lineStart;
    const start = this.#offset;
    while (!this.isAtEnd() && !this.#isLineEnd()) this.#offset++;
    return { text: this.#text.slice(start, this.#offset), place };
  }

  #take(): string {
    const start = this.#offset;
    this.#step();
    return this.#text.slice(start, this.#offset);
  }

  /** One character further; CRLF is one line's end. */
  #step(): void {
    if (this.#isLineEnd()) {
      if (this.#text[this.#offset] === "\r" && this.#text[this.#offset + 1] === "\n") this.#offset++;
      this.#line++;
      this.#lineStart = this.#offset + 1;
    }
    this.#offset++;
  }

  #isLineEnd(): boolean {
    const character = this.#text[this.#offset];
    return character === "\n" || character === "\r";
  }

  #isCellEnd(): boolean {
    return this.#text[this.#offset] === this.#delimiter || this.#isLineEnd();
  }

  #place(): Place {
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }
}
