// Lists in pages: `$top`, an opaque `$skiptoken`, and a next link on the origin that the client called.
import * as z from "zod";
import type { Answer } from "./answer.ts";
import { badRequest, graphError, noSuchProperty, ok, unsupportedQuery } from "./answer.ts";
import type { Predicate } from "./filter.ts";
import { parseFilter } from "./filter.ts";
import type { GraphRequest } from "./operation.ts";
import type { Simulation } from "./simulation.ts";

const TOP_MAX = 999;

type Row = Readonly<Record<string, unknown>>;

/**
 * `from`: index of the next row; `at`: virtual instant of issue; `asOf`: the list's own instant; `shown`: an empty page was;
 * `variant`: what was drawn for this read of the list.
 */
const tokenSchema = z.object({
  from: z.int().min(0),
  at: z.int(),
  asOf: z.int(),
  shown: z.boolean(),
  variant: z.string(),
});
type PageToken = z.infer<typeof tokenSchema>;

export interface PagedList {
  readonly context: string;
  readonly defaultTop: number;
  readonly length: number;
  /** Instant that all pages of one read share: the run of a report, else the request's. */
  readonly asOf: number;
  /** Which one of its kinds this read shows, for all of its pages. */
  readonly variant?: string;
  readonly properties: ReadonlySet<string>;
  /** Read from an index: more filters, and the number of all rows that match. */
  readonly indexed?: { readonly count: number | null };
  /** `null`: no such row (any more). */
  row(index: number, asOf: number, variant: string): Row | null;
  project(row: Row): Row;
}

export function answerPage(tenant: Simulation, request: GraphRequest, list: PagedList): Answer {
  const top = Number(request.query.get("$top") ?? list.defaultTop);
  if (!isPageSize(top)) return badRequest("Invalid page size specified: '$top'.");
  const filterText = request.query.get("$filter");
  const matches =
    filterText === null ? () => true : parseFilter(filterText, list.properties, list.indexed !== undefined);
  if (matches === null) return unsupportedQuery(`Unsupported or invalid query filter clause: ${filterText ?? ""}`);
  const token = readToken(tenant, request, list);
  if (token === null)
    return graphError(400, "Directory_ExpiredPageToken", "The specified page token value has expired.");

  if (!token.shown && tenant.faults.drawsEmptyPage(`${request.path.join("/")} ${token.from} ${token.asOf}`)) {
    return page(request, list, [], { ...token, at: request.now, shown: true });
  }
  const { rows, next } = fill(list, token, Math.min(top, tenant.knobs.pageMax), matches);
  return page(request, list, rows, next === null ? null : { ...token, from: next, at: request.now, shown: false });
}

/** @returns the rows, and the index where the next page begins, if there is one */
function fill(
  list: PagedList,
  token: PageToken,
  size: number,
  matches: Predicate,
): { rows: readonly Row[]; next: number | null } {
  const rows: Row[] = [];
  let index = token.from;
  for (; index < list.length && rows.length < size; index++) {
    const row = list.row(index, token.asOf, token.variant);
    if (row !== null && matches(row)) rows.push(list.project(row));
  }
  return { rows, next: index < list.length ? index : null };
}

function isPageSize(top: number): boolean {
  return Number.isInteger(top) && top >= 1 && top <= TOP_MAX;
}

function page(request: GraphRequest, list: PagedList, value: readonly Row[], next: PageToken | null): Answer {
  const count = typeof list.indexed?.count === "number" ? { "@odata.count": list.indexed.count } : {};
  const head = { "@odata.context": `${request.origin}/${request.version}/$metadata#${list.context}`, ...count };
  if (next === null) return ok({ ...head, value });
  const query = new URLSearchParams(request.query);
  query.set("$skiptoken", Buffer.from(JSON.stringify(next)).toString("base64url"));
  const link = `${request.origin}/${request.version}/${request.path.join("/")}?${query.toString().replaceAll("%24", "$")}`;
  return ok({ ...head, "@odata.nextLink": link, value });
}

function readToken(tenant: Simulation, request: GraphRequest, { asOf, variant = "" }: PagedList): PageToken | null {
  const text = request.query.get("$skiptoken");
  if (text === null) return { from: 0, at: request.now, asOf, shown: false, variant };
  try {
    const token = tokenSchema.safeParse(JSON.parse(Buffer.from(text, "base64url").toString()));
    if (!token.success || token.data.at + tenant.knobs.pageTokenMs < request.now) return null;
    return token.data;
  } catch (error) {
    if (error instanceof SyntaxError) return null; // not a token of ours: the same answer as for an old one
    throw error;
  }
}

/** The properties asked for, or all; an answer where there is no such property. */
export function selectedOf(
  request: GraphRequest,
  { known, type }: { readonly known: ReadonlySet<string>; readonly type: string },
): readonly string[] | Answer {
  const select = request.query.get("$select")?.split(",") ?? [...known];
  const unknown = select.find((name) => !known.has(name));
  if (unknown === undefined) return select;
  return noSuchProperty(unknown, type);
}
