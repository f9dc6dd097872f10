// YAML text → plain data, with the line and column of each key and value. Anchors, aliases and tags are refused: a spec needs
// none, and a few aliases of aliases fill any memory.
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { Document, Node, YAMLError, YAMLMap } from "yaml";
import { shown } from "./fault-list.ts";
import type { FaultList, Place } from "./fault-list.ts";

export type Path = readonly PropertyKey[];

export interface YamlData {
  /** Keys without a value are left out, as if they were not there. Objects have no prototype: `__proto__` is a key. */
  readonly value: unknown;
  /** Where the value stands; where the nearest thing around it stands, if it is not there. */
  placeOf(path: Path): Place;
  /** Where the key stands. */
  placeOfKey(path: Path): Place;
  /** A fault of this value was reported already. */
  isSpoiled(path: Path): boolean;
  /** The key stands there, without a value. */
  isBlank(path: Path): boolean;
}

/** `undefined` after a fault of syntax, behind which nothing can be told from what was meant. */
export function readYaml(text: string, faults: FaultList): YamlData | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", prettyErrors: false, stringKeys: false });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (addSyntaxFaults(document, text, place, faults)) return undefined;
  const reader = new NodeReader(place, faults);
  const value = reader.read(document.contents, []);
  return reader.finish(value);
}

function addSyntaxFaults(
  document: Document.Parsed,
  text: string,
  place: (offset: number) => Place,
  faults: FaultList,
): boolean {
  const syntax = document.errors.filter(
    (error) => error.code !== "DUPLICATE_KEY" && error.code !== "TAG_RESOLVE_FAILED",
  );
  const exhausted = syntax.find((error) => error.code === "RESOURCE_EXHAUSTION");
  if (exhausted !== undefined) {
    // Where the parser gave up depends on the engine's stack: only the line says something.
    faults.add(
      { line: place(exhausted.pos[0]).line, column: 1 },
      "The file is nested too deeply.",
      "Expected the keys of a rollout, three deep.",
    );
    return true;
  }
  for (const error of firstOfEachLine(syntax, place)) {
    const { what, fix } = wordsOf(error);
    faults.add(place(openingQuote(document, error) ?? error.pos[0]), what, fix);
  }
  const duplicates = document.errors.filter((error) => error.code === "DUPLICATE_KEY");
  for (const { pos } of duplicates) {
    const key = /^[^\s:#]+/u.exec(text.slice(pos[0]))?.[0] ?? "";
    faults.add(place(pos[0]), `The key ${shown(key)} stands here a second time.`, "Delete one of the two.");
  }
  return syntax.length > 0;
}

/** One slip makes several errors: a tab makes all lines below it wrong, and a second colon is two errors on its line. */
function firstOfEachLine(errors: readonly YAMLError[], place: (offset: number) => Place): readonly YAMLError[] {
  const tabs = errors.filter((error) => error.code === "TAB_AS_INDENT");
  const seen = new Set<number>();
  return (tabs.length > 0 ? tabs : errors).filter(({ pos }) => {
    const { line } = place(pos[0]);
    return !seen.has(line) && seen.add(line);
  });
}

function wordsOf({ code, message }: YAMLError): { what: string; fix: string } {
  switch (code) {
    case "TAB_AS_INDENT":
      return { what: "The line is indented with a tab.", fix: "Use spaces: two for each level." };
    case "MULTIPLE_DOCS":
      return { what: 'A second document begins here ("---").', fix: "Expected one rollout a file. Delete the line." };
    case "MISSING_CHAR":
      return { what: `This is not closed (${message}).`, fix: "Close it." };
    case "BLOCK_AS_IMPLICIT_KEY":
    case "MULTILINE_IMPLICIT_KEY":
      return {
        what: "The line has a second colon, or the next line is indented more than it should be.",
        fix: "Put a text with a colon in quotes; indent keys of one mapping alike.",
      };
    default:
      return { what: `The file is not valid YAML: ${message}.`, fix: "Mend this line, or the one above it." };
  }
}

/** The parser notices at the end of the file that a quote is open; a person looks for its beginning. */
function openingQuote(document: Document.Parsed, error: YAMLError): number | undefined {
  if (error.code !== "MISSING_CHAR") return undefined;
  let start: number | undefined;
  visit(document, {
    Scalar(_, { type, range }) {
      if ((type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE") && range && range[1] >= error.pos[0] - 1)
        start = range[0];
    },
  });
  return start;
}

class NodeReader {
  readonly #place: (offset: number) => Place;
  readonly #faults: FaultList;
  readonly #values = new Map<string, Place>();
  readonly #keys = new Map<string, Place>();
  readonly #spoiled = new Set<string>();

  constructor(place: (offset: number) => Place, faults: FaultList) {
    this.#place = place;
    this.#faults = faults;
  }

  finish(value: unknown): YamlData {
    const nearest = (path: Path, own: ReadonlyMap<string, Place>): Place =>
      own.get(nameOf(path)) ??
      this.#keys.get(nameOf(path)) ??
      this.#values.get(nameOf(path)) ??
      (path.length === 0 ? { line: 1, column: 1 } : nearest(path.slice(0, -1), this.#values));
    return {
      value,
      placeOf: (path) => nearest(path, this.#values),
      placeOfKey: (path) => nearest(path, this.#keys),
      isSpoiled: (path) => path.some((_, index) => this.#spoiled.has(nameOf(path.slice(0, index + 1)))),
      isBlank: (path) => this.#keys.has(nameOf(path)) && !this.#values.has(nameOf(path)),
    };
  }

  read(node: unknown, path: Path): unknown {
    if (isAlias(node)) this.#spoil(node.range?.[0], path, `This is an alias (*${node.source}).`);
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return undefined;
    this.#refuseProperties(node, path);
    if (isScalar(node) && node.value === null) return undefined;
    this.#values.set(nameOf(path), this.#place(node.range?.[0] ?? 0));
    if (isScalar(node)) return node.value;
    return isSeq(node)
      ? node.items.map((item, index) => this.read(item, [...path, index]) ?? null)
      : this.#readMap(node, path);
  }

  #readMap(node: YAMLMap, path: Path): object {
    const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>; // no inherited keys
    for (const { key, value } of node.items) this.#readPair(key, value, path, object);
    return object;
  }

  #refuseProperties({ anchor, tag, range }: Node & { anchor?: string }, path: Path): void {
    if (anchor !== undefined) this.#spoil(range?.[0], path, `This has an anchor (&${anchor}).`);
    else if (tag !== undefined && tag !== "!") this.#spoil(range?.[0], path, `This has a tag (${tag}).`);
  }

  #readPair(key: unknown, value: unknown, path: Path, object: Record<string, unknown>): void {
    if (!isScalar(key)) {
      this.#spoil(isNode(key) ? key.range?.[0] : undefined, [...path, "?"], "A key is a collection or an alias.");
      return;
    }
    const name = String(key.value);
    const inner = [...path, name];
    if (name in object || this.#keys.has(nameOf(inner))) return; // reported as a duplicate
    this.#keys.set(nameOf(inner), this.#place(key.range?.[0] ?? 0));
    const read = this.read(value, inner);
    if (read !== undefined) object[name] = read;
  }

  #spoil(offset: number | undefined, path: Path, what: string): void {
    this.#spoiled.add(nameOf(path));
    this.#faults.add(
      this.#place(offset ?? 0),
      what,
      "Write the value out in plain words: anchors, aliases and tags are not read.",
    );
  }
}

function nameOf(path: Path): string {
  return JSON.stringify(path.map(String));
}
