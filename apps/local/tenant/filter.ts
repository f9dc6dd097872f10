// The part of OData's `$filter` that the app uses: `a eq 'x' and b eq true`, `id in ('a','b')`. Anything else is refused as an
// unsupported query, never half understood.

type Row = Readonly<Record<string, unknown>>;
export type Predicate = (row: Row) => boolean;

/** @returns a test of one row, or `null` when the filter is none that this tenant knows */
export function parseFilter(text: string, properties: ReadonlySet<string>): Predicate | null {
  const tests: Predicate[] = [];
  for (const clause of splitAnd(text)) {
    const test = parseClause(clause.trim(), properties);
    if (test === null) return null;
    tests.push(test);
  }
  return (row) => tests.every((test) => test(row));
}

function parseClause(clause: string, properties: ReadonlySet<string>): Predicate | null {
  const eq = /^(\w+) eq (.+)$/u.exec(clause);
  const among = /^(\w+) in \((.+)\)$/u.exec(clause);
  const property = eq?.[1] ?? among?.[1];
  if (property === undefined || !properties.has(property)) return null;
  const texts = eq?.[2] === undefined ? splitList(among?.[2] ?? "") : [eq[2]];
  const values = texts.map(parseLiteral);
  if (values.includes(undefined)) return null;
  return (row) => values.some((value) => same(row[property], value));
}

function parseLiteral(text: string): string | boolean | null | undefined {
  const trimmed = text.trim();
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  if (trimmed === "null") return null;
  // A quote within a text is doubled.
  const quoted = /^'((?:[^']|'')*)'$/u.exec(trimmed)?.[1];
  return quoted?.replaceAll("''", "'");
}

/** Texts compare without case, as Graph compares names and ids. */
function same(actual: unknown, wanted: string | boolean | null | undefined): boolean {
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
