// The part of OData's `$filter` that the app uses: `a eq 'x' and b eq true`, `id in ('a','b')`, `at ge 2026-09-07T06:00:00Z`,
// `targets/any(t:t/id eq 'x')`. Anything else is refused as an unsupported query, never half understood.

type Row = Readonly<Record<string, unknown>>;
export type Predicate = (row: Row) => boolean;
type Literal = string | boolean | null | Date;

const COMPARES: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  ge: (a, b) => a >= b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  lt: (a, b) => a < b,
};

/** Tests that only an index answers: `a ne 'x'`, `not(…)`, `endswith(a,'x')`. */
export function needsIndex(text: string): boolean {
  return / ne |\bnot[ (]|\bendswith\(/iu.test(text.replaceAll(/'(?:[^']|'')*'/gu, "''"));
}

/** @returns a test of one row, or `null` when the filter is none that this tenant knows */
export function parseFilter(text: string, properties: ReadonlySet<string>, isIndexed = false): Predicate | null {
  const tests: Predicate[] = [];
  for (const clause of splitAnd(text)) {
    const parse = isIndexed ? parseIndexed : parseClause;
    const test = parse(clause.trim(), properties);
    if (test === null) return null;
    tests.push(test);
  }
  return (row) => tests.every((test) => test(row));
}

function parseClause(clause: string, properties: ReadonlySet<string>): Predicate | null {
  const any = /^(\w+)\/any\((\w+):\s*\2\/(.+)\)$/u.exec(clause);
  if (any !== null) return parseAny(any[1] ?? "", any[3] ?? "", properties);
  const among = /^([\w/]+) in \((.+)\)$/u.exec(clause);
  if (among !== null) return parseAmong(pathOf(among[1], properties), splitList(among[2] ?? ""));
  const compared = /^([\w/]+) (eq|ge|gt|le|lt) (.+)$/u.exec(clause);
  if (compared === null) return null;
  const path = pathOf(compared[1], properties);
  const compare = COMPARES[compared[2] ?? ""];
  return compare === undefined
    ? parseAmong(path, [compared[3] ?? ""])
    : parseBound(path, compare, parseLiteral(compared[3] ?? ""));
}

/** What the index knows, and all that lists know without it. */
function parseIndexed(clause: string, properties: ReadonlySet<string>): Predicate | null {
  const denied =
    /^not ?\((.+)\)$/iu.exec(clause)?.[1] ?? (/^[\w/]+ ne /u.test(clause) ? clause.replace(" ne ", " eq ") : null);
  if (denied !== null) {
    const test = parseIndexed(denied, properties);
    return test === null ? null : (row) => !test(row);
  }
  const ends = /^endswith\((\w+), ?(.+)\)$/iu.exec(clause);
  if (ends === null) return parseClause(clause, properties);
  const path = pathOf(ends[1], properties);
  const end = parseLiteral(ends[2] ?? "");
  if (path === null || typeof end !== "string") return null;
  return (row) => String(valueAt(row, path)).toLowerCase().endsWith(end.toLowerCase());
}

/** The steps to a property, or `null` where the rows have none of that name. */
function pathOf(text = "", properties: ReadonlySet<string>): readonly string[] | null {
  const steps = text.split("/");
  return properties.has(steps[0] ?? "") ? steps : null;
}

function parseAmong(path: readonly string[] | null, texts: readonly string[]): Predicate | null {
  const values = texts.map(parseLiteral);
  if (path === null || values.includes(undefined)) return null;
  return (row) => values.some((value) => same(valueAt(row, path), value));
}

function parseBound(
  path: readonly string[] | null,
  compare: (a: number, b: number) => boolean,
  bound: Literal | undefined,
): Predicate | null {
  if (path === null || !(bound instanceof Date)) return null;
  return (row) => compare(Date.parse(String(valueAt(row, path))), bound.getTime());
}

/** One of a list's items has that value. */
function parseAny(list: string, clause: string, properties: ReadonlySet<string>): Predicate | null {
  const property = /^\w+/u.exec(clause)?.[0] ?? "";
  const test = parseClause(clause, new Set([property]));
  if (test === null || !properties.has(list)) return null;
  return (row) => {
    const items = row[list];
    return Array.isArray(items) && items.some((item) => isRow(item) && test(item));
  };
}

function valueAt(row: Row, [first = "", ...rest]: readonly string[]): unknown {
  const value = row[first];
  if (rest.length === 0) return value;
  return isRow(value) ? valueAt(value, rest) : undefined;
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null;
}

function parseLiteral(text: string): Literal | undefined {
  const trimmed = text.trim();
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  if (trimmed === "null") return null;
  if (/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/u.test(trimmed)) return new Date(trimmed);
  // A quote within a text is doubled.
  const quoted = /^'((?:[^']|'')*)'$/u.exec(trimmed)?.[1];
  return quoted?.replaceAll("''", "'");
}

/** Texts compare without case, as Graph compares names and ids. */
function same(actual: unknown, wanted: Literal | undefined): boolean {
  if (wanted instanceof Date) return Date.parse(String(actual)) === wanted.getTime();
  if (typeof actual === "string" && typeof wanted === "string") return actual.toLowerCase() === wanted.toLowerCase();
  return actual === wanted;
}

/** At ` and ` outside of quotes. */
function splitAnd(text: string): readonly string[] {
  return text.split(/ and (?=(?:[^']*'[^']*')*[^']*$)/u);
}

function splitList(text: string): readonly string[] {
  return text.split(/,(?=(?:[^']*'[^']*')*[^']*$)/u);
}
