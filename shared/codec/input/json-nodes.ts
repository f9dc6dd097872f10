// JSON text → values, each with the line and column at which it stands. JSON.parse says neither, and lets the second of two
// equal keys win in silence; a test holds both to the same values.
import type { Place } from "./fault-list.ts";
import { shown } from "./fault-list.ts";
import { placeAt } from "./decode-text.ts";

export type JsonNode =
  | { readonly kind: "value"; readonly value: string | number | boolean | null; readonly offset: number }
  | { readonly kind: "array"; readonly items: readonly JsonNode[]; readonly offset: number }
  | { readonly kind: "object"; readonly members: readonly JsonMember[]; readonly offset: number };

export interface JsonMember {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: JsonNode;
}

export type JsonResult =
  | { readonly kind: "read"; readonly node: JsonNode }
  | { readonly kind: "malformed"; readonly place: Place; readonly what: string; readonly fix: string };

/** A tenant file is three deep; a file that is deeper is no tenant file, and a bomb for a recursive reader. */
const DEPTH_MAX = 32;

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy; // eslint-disable-line no-control-regex -- JSON's own rule
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/uy;
const WORD = /[A-Za-z_]+/uy;
const SPACE = /[ \t\r\n]*/uy;

class Malformed extends Error {
  readonly offset: number;
  readonly fix: string;
  constructor(offset: number, what: string, fix: string) {
    super(what);
    this.offset = offset;
    this.fix = fix;
  }
}

export function readJson(text: string): JsonResult {
  try {
    const reader = new JsonReader(text);
    return { kind: "read", node: reader.readAll() };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { kind: "malformed", place: placeAt(text, error.offset), what: error.message, fix: error.fix };
  }
}

class JsonReader {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): JsonNode {
    const node = this.#readNode(0);
    this.#skipSpace();
    if (this.#offset < this.#text.length) {
      throw new Malformed(this.#offset, "There is something after the end of the JSON value.", "Delete it.");
    }
    return node;
  }

  #readNode(depth: number): JsonNode {
    this.#skipSpace();
    const offset = this.#offset;
    if (depth > DEPTH_MAX) throw new Malformed(offset, "The JSON is nested too deeply.", "Expected an array of users.");
    switch (this.#text[offset]) {
      case "[":
        return { kind: "array", items: this.#readList("]", () => this.#readNode(depth + 1)), offset };
      case "{":
        return { kind: "object", members: this.#readList("}", () => this.#readMember(depth + 1)), offset };
      case '"':
        return { kind: "value", value: this.#readString(), offset };
      default:
        return { kind: "value", value: this.#readScalar(), offset };
    }
  }

  #readList<Item>(end: "]" | "}", readItem: () => Item): readonly Item[] {
    const items: Item[] = [];
    this.#offset++;
    this.#skipSpace();
    if (this.#text[this.#offset] === end) {
      this.#offset++;
      return items;
    }
    for (;;) {
      items.push(readItem());
      this.#skipSpace();
      const character = this.#text[this.#offset];
      if (character !== "," && character !== end) throw this.#unexpected(`a comma or "${end}"`);
      const comma = this.#offset;
      this.#offset++;
      if (character === end) return items;
      this.#skipSpace();
      if (this.#text[this.#offset] === end) {
        throw new Malformed(comma, `There is a comma before "${end}".`, "Delete the comma.");
      }
    }
  }

  #readMember(depth: number): JsonMember {
    this.#skipSpace();
    const keyOffset = this.#offset;
    if (this.#text[keyOffset] !== '"') throw this.#unexpected("a key in double quotes");
    const key = this.#readString();
    this.#skipSpace();
    if (this.#text[this.#offset] !== ":") throw this.#unexpected(`a colon after the key ${shown(key)}`);
    this.#offset++;
    return { key, keyOffset, value: this.#readNode(depth) };
  }

  #readString(): string {
    const token = this.#match(STRING);
    if (token === undefined) {
      const what = "The text that begins here is not closed on its line, or holds a bad escape.";
      throw new Malformed(this.#offset, what, 'Close it with ", and write \\" and \\\\ within it.');
    }
    return String(JSON.parse(token));
  }

  #readScalar(): number | boolean | null {
    const number = this.#match(NUMBER);
    if (number !== undefined) return Number(number);
    const start = this.#offset;
    const word = this.#match(WORD);
    if (word === "true") return true;
    if (word === "false") return false;
    if (word === "null") return null;
    this.#offset = start;
    throw this.#unexpected("a value: text in double quotes, a number, true, false, null, [ or {");
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const token = pattern.exec(this.#text)?.[0];
    if (token !== undefined) this.#offset += token.length;
    return token;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #unexpected(expected: string): Malformed {
    const found = this.#text[this.#offset];
    const what = found === undefined ? "The file ends in the middle." : `${shown(found)} cannot stand here.`;
    return new Malformed(this.#offset, what, `Expected ${expected}.`);
  }
}
