// Advanced queries of users: counted, searched, sorted or denied, they are answered from an index that is behind, and only when
// the caller says that this is fine (Microsoft Learn: advanced query capabilities on Microsoft Entra ID objects).
import type { Answer } from "./answer.ts";
import { unsupportedQuery } from "./answer.ts";
import { needsIndex, parseFilter } from "./filter.ts";
import type { GraphRequest } from "./operation.ts";
import { answerPage } from "./pages.ts";
import { viewAt } from "./people.ts";
import type { Simulation } from "./simulation.ts";
import { project, PROPERTIES, userRow } from "./user-rows.ts";

type Row = Readonly<Record<string, unknown>>;

const DEFAULT_TOP = 100;
const SEARCHED: ReadonlySet<string> = new Set(["displayName", "mail", "userPrincipalName", "department"]);

interface UserQuery {
  readonly isCounted: boolean;
  /** Needs the index, and the caller's consent to it. */
  readonly isAdvanced: boolean;
  readonly matches: (row: Row) => boolean;
  readonly compare: ((a: Row, b: Row) => number) | null;
}

/** `null`: the query needs no index. */
export function answerFromIndex(tenant: Simulation, request: GraphRequest, select: readonly string[]): Answer | null {
  const query = readQuery(request.query);
  if (query === null) return unsupportedQuery("Unsupported or invalid query filter, search or sort clause.");
  const { isAdvanced, isCounted, matches, compare } = query;
  if (!isAdvanced && compare === null) return null;
  if (isAdvanced && !(request.eventual && isCounted)) {
    return unsupportedQuery(
      "A request with $search, $count or this $filter needs the header ConsistencyLevel: eventual and $count=true.",
    );
  }
  // What is sorted but not advanced is read as it is today.
  const readAt = request.now - (isAdvanced ? tenant.knobs.indexLagMs : 0);
  const rowsAt = (at: number): readonly Row[] => {
    const rows = shownAt(tenant, at).filter(matches);
    return compare === null ? rows : rows.toSorted(compare);
  };
  let rows: readonly Row[] | null = null;
  return answerPage(tenant, request, {
    context: "users",
    defaultTop: DEFAULT_TOP,
    length: tenant.directory.people.length,
    asOf: readAt,
    properties: PROPERTIES,
    indexed: { count: isCounted ? rowsAt(readAt).length : null },
    // The rows of one page are of one instant: they are put together once a request.
    row: (index, at) => (rows ??= rowsAt(at))[index] ?? null,
    project: (row) => project(row, select),
  });
}

/** How many users match: always of the index. */
export function countFromIndex(tenant: Simulation, request: GraphRequest): number | Answer {
  const query = new URLSearchParams(request.query);
  query.set("$count", "true");
  const read = readQuery(query);
  if (read === null) return unsupportedQuery("Unsupported or invalid query filter, search or sort clause.");
  if (!request.eventual) return unsupportedQuery("A request for $count needs the header ConsistencyLevel: eventual.");
  return shownAt(tenant, request.now - tenant.knobs.indexLagMs).filter(read.matches).length;
}

/** `null`: a clause that nothing here understands. */
function readQuery(query: URLSearchParams): UserQuery | null {
  const [filter, order, search] = [query.get("$filter"), query.get("$orderby"), query.get("$search")];
  const isCounted = query.get("$count") === "true";
  const compare = order === null ? null : parseOrder(order);
  const isAdvanced = isCounted || search !== null || (filter !== null && (order !== null || needsIndex(filter)));
  if (!isAdvanced && order === null) return { isCounted, isAdvanced, matches: () => true, compare: null };
  const tests = [
    filter === null ? () => true : parseFilter(filter, PROPERTIES, true),
    search === null ? () => true : parseSearch(search),
  ].filter((test) => test !== null);
  if (tests.length < 2 || compare === undefined) return null;
  return { isCounted, isAdvanced, matches: (row) => tests.every((test) => test(row)), compare };
}

function shownAt(tenant: Simulation, at: number): readonly Row[] {
  return tenant.directory.people.flatMap((person) => {
    const shown = viewAt(person, at);
    return shown === null ? [] : [userRow(tenant, { ...person, ...shown })];
  });
}

/** `"displayName:anna"`: each word of the value begins with it. */
function parseSearch(text: string): ((row: Row) => boolean) | null {
  const [, property = "", wanted = ""] = /^"(\w+):([^"]+)"$/u.exec(text) ?? [];
  if (!SEARCHED.has(property)) return null;
  const start = wanted.toLowerCase();
  return (row) =>
    textOf(row[property])
      .toLowerCase()
      .split(/[\s@.]/u)
      .some((word) => word.startsWith(start));
}

/** `undefined`: none that is known. */
function parseOrder(text: string): ((a: Row, b: Row) => number) | undefined {
  const [, property = "", direction] =
    /^(displayName|userPrincipalName|createdDateTime)(?: (asc|desc))?$/u.exec(text) ?? [];
  if (property === "") return undefined;
  const sign = direction === "desc" ? -1 : 1;
  return (a, b) => sign * (textOf(a[property]) < textOf(b[property]) ? -1 : 1);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
