// Route templates of ASP.NET as far as HTTP triggers use them: literals, {id}, {id?}, {id:int}, {id:guid}, {*rest}. Matching
// ignores case; functions are tried in the order of their names and the first match wins, so overlaps are worth a warning.

export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | {
      readonly kind: "parameter";
      readonly name: string;
      readonly constraint: Constraint | null;
      readonly isOptional: boolean;
    }
  | { readonly kind: "rest"; readonly name: string };

export interface Template {
  readonly text: string;
  readonly segments: readonly Segment[];
}

const CONSTRAINTS = {
  int: /^-?\d+$/,
  guid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  alpha: /^[a-z]+$/i,
} as const;
type Constraint = keyof typeof CONSTRAINTS;

const PARAMETER = /^\{(\*?)([a-zA-Z_]\w*)(?::(\w+))?(\??)\}$/;

export function parseTemplate(text: string): Template | { readonly fault: string } {
  const parts = text.split("/").filter((part) => part !== "");
  const segments: Segment[] = [];
  for (const [at, part] of parts.entries()) {
    const segment = parseSegment(part);
    if ("fault" in segment) return segment;
    const isLast = at === parts.length - 1;
    if (segment.kind === "rest" && !isLast) return { fault: `{*${segment.name}} must be the last part` };
    if (segment.kind === "parameter" && segment.isOptional && !isLast)
      return { fault: `{${segment.name}?} must be the last part` };
    segments.push(segment);
  }
  return { text: parts.join("/"), segments };
}

function parseSegment(part: string): Segment | { readonly fault: string } {
  if (!/[{}]/.test(part)) return { kind: "literal", text: part.toLowerCase() };
  const match = PARAMETER.exec(part);
  if (match === null) return { fault: `"${part}" is not supported: a part is text or one parameter` };
  const [, star = "", name = "", constraint, question = ""] = match;
  if (star !== "") return { kind: "rest", name };
  if (constraint !== undefined && !isConstraint(constraint)) {
    return { fault: `constraint "${constraint}" is not supported (${Object.keys(CONSTRAINTS).join(", ")} are)` };
  }
  return { kind: "parameter", name, constraint: constraint ?? null, isOptional: question !== "" };
}

function isConstraint(text: string): text is Constraint {
  return text in CONSTRAINTS;
}

/** The parameters when the path matches, else null. An optional one that is not there has no key. */
export function matchRoute(template: Template, path: string): Record<string, string> | null {
  const parts = path.split("/").filter((part) => part !== "");
  const found: Record<string, string> = {};
  for (const [at, segment] of template.segments.entries()) {
    if (segment.kind === "rest") {
      found[segment.name] = parts.slice(at).map(decode).join("/");
      return found;
    }
    const raw = parts[at];
    if (raw === undefined) return segment.kind === "parameter" && segment.isOptional ? found : null;
    const part = decode(raw);
    if (!accepts(segment, part)) return null;
    if (segment.kind === "parameter") found[segment.name] = part;
  }
  return parts.length > template.segments.length ? null : found;
}

function accepts(segment: Exclude<Segment, { kind: "rest" }>, part: string): boolean {
  if (segment.kind === "literal") return segment.text === part.toLowerCase();
  return segment.constraint === null || CONSTRAINTS[segment.constraint].test(part);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % is taken as it is written
  }
}

/** Whether one path can match both templates. */
export function overlaps(a: Template, b: Template): boolean {
  return overlapFrom(a.segments, b.segments);
}

function overlapFrom(a: readonly Segment[], b: readonly Segment[]): boolean {
  const [[first, ...restOfA], [second, ...restOfB]] = [a, b];
  if (first?.kind === "rest" || second?.kind === "rest") return true;
  if (first === undefined || second === undefined) return endsHere(a) && endsHere(b);
  return share(first, second) && overlapFrom(restOfA, restOfB);
}

function endsHere(segments: readonly Segment[]): boolean {
  return segments.every((segment) => segment.kind === "parameter" && segment.isOptional);
}

type Plain = Exclude<Segment, { kind: "rest" }>;

function share(a: Plain, b: Plain): boolean {
  if (a.kind === "literal" && b.kind === "literal") return a.text === b.text;
  if (a.kind === "literal") return accepts(b, a.text);
  if (b.kind === "literal") return accepts(a, b.text);
  // Different constraints may share a value only where their values do; int and alpha, guid and either do not.
  return a.constraint === null || b.constraint === null || a.constraint === b.constraint;
}
