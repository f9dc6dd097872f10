// Changes of users since a token: first everybody, then who changed, in any order and sometimes twice, with what is gone marked as
// removed (Microsoft Learn: user delta). MFA state and registration are no part of it.
import * as z from "zod";
import type { Answer } from "./answer.ts";
import { badRequest, graphError, ok } from "./answer.ts";
import { chance } from "../chance.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import type { Person } from "./people.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { Simulation } from "./simulation.ts";
import { project, readSelect, userRow } from "./user-rows.ts";

type Row = Readonly<Record<string, unknown>>;

const TOKEN_LIFE_MS = 7 * DAY_MS;
const PAGE_ROWS = 200;
const UNSUPPORTED = ["$top", "$orderby", "$expand", "$search", "$count"];

/** `since`: changes told before, `null` in the first round; `until`: the change that the round ends with. */
const pageSchema = z.object({ since: z.int().nullable(), until: z.int(), people: z.int(), from: z.int(), at: z.int() });
const deltaSchema = z.object({ since: z.int(), at: z.int() });
type Round = z.infer<typeof pageSchema>;

export const deltaOperations: readonly Operation[] = [
  {
    method: "GET",
    versions: BOTH,
    path: ["users", "delta"],
    service: "identity",
    resourceUnits: 1,
    writes: 0,
    roles: ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All"],
    run: deltaUsers,
  },
];

function deltaUsers(tenant: Simulation, request: GraphRequest): Answer {
  const unsupported = UNSUPPORTED.find((name) => request.query.has(name));
  if (unsupported !== undefined)
    return badRequest(`The query option '${unsupported}' is not supported by a delta query.`);
  const select = readSelect(tenant, request);
  if ("status" in select) return select;
  const ids = readIds(request.query.get("$filter"));
  if (ids === null) return badRequest("A delta query can only be filtered by id.");
  const round = readRound(tenant, request);
  if ("status" in round) return round;
  if (request.query.get("$deltatoken") === "latest") return answer(request, [], { next: null, round });
  const people = peopleOf(tenant, round).filter((person) => ids.size === 0 || ids.has(person.user.id));
  const end = round.from + Math.min(PAGE_ROWS, tenant.knobs.pageMax);
  const rows = people.slice(round.from, end).flatMap((person) => rowOf(tenant, { person, round, select }));
  return answer(request, rows, { next: end < people.length ? { ...round, from: end } : null, round });
}

function readIds(filter: string | null): ReadonlySet<string> | null {
  if (filter === null) return new Set();
  const clauses = filter.split(" or ").map((clause) => /^id eq '([^']+)'$/u.exec(clause.trim())?.[1]?.toLowerCase());
  return clauses.includes(undefined) ? null : new Set(clauses.flatMap((id) => id ?? []));
}

function readRound(tenant: Simulation, request: GraphRequest): Round | Answer {
  const fresh = {
    until: tenant.directory.changes.length,
    people: tenant.directory.people.length,
    from: 0,
    at: request.now,
  };
  const [page, delta] = [request.query.get("$skiptoken"), request.query.get("$deltatoken")];
  if (page !== null) {
    const round = decode(pageSchema, page);
    if (round === null) return badRequest("The specified page token is invalid.");
    return round.at + TOKEN_LIFE_MS < request.now ? tooOld() : round;
  }
  if (delta === null || delta === "latest") return { ...fresh, since: null };
  if (tenant.knobs.deltaGone) return gone(request);
  const token = decode(deltaSchema, delta);
  if (token === null) return badRequest("The specified delta token is invalid.");
  return token.at + TOKEN_LIFE_MS < request.now ? tooOld() : { ...fresh, since: token.since };
}

function tooOld(): Answer {
  return graphError(400, "syncStateNotFound", "The sync state generation is not found; a full sync is needed.");
}

function gone({ origin, version }: GraphRequest): Answer {
  const text = "The delta token is no longer valid, and a full sync is needed.";
  return graphError(410, "resyncRequired", text, { Location: `${origin}/${version}/users/delta?$deltatoken=` });
}

/** In an order that follows from the round alone, so that a page asked for again is the same. */
function peopleOf(tenant: Simulation, { since, until, people }: Round): readonly Person[] {
  const { directory, options, knobs } = tenant;
  const key = `delta/${since ?? "all"}/${until}`;
  const all = since === null ? directory.people.slice(0, people) : [...new Set(directory.changes.slice(since, until))];
  const twice = all.filter(({ user }) => chance(options.seed, `${key}/twice/${user.id}`) < knobs.deltaRepeats);
  return [...all, ...twice]
    .map((person, index) => ({ person, order: chance(options.seed, `${key}/${person.user.id}/${index}`) }))
    .sort((a, b) => a.order - b.order)
    .map(({ person }) => person);
}

function rowOf(
  tenant: Simulation,
  { person, round, select }: { person: Person; round: Round; select: readonly string[] },
): readonly Row[] {
  const { id } = person.user;
  if (person.deletedAt === null) return [{ ...project(userRow(tenant, person), select), id }];
  // In the first round nobody knew them: they are just not there.
  if (round.since === null) return [];
  return [{ id, "@removed": { reason: person.isPurged ? "deleted" : "changed" } }];
}

function answer(
  request: GraphRequest,
  value: readonly Row[],
  { next, round }: { next: Round | null; round: Round },
): Answer {
  const { origin, version } = request;
  const query = new URLSearchParams(request.query);
  query.delete("$deltatoken");
  query.delete("$skiptoken");
  if (next === null) query.set("$deltatoken", encode({ since: round.until, at: round.at }));
  else query.set("$skiptoken", encode(next));
  const link = `${origin}/${version}/users/delta?${query.toString().replaceAll("%24", "$")}`;
  const context = `${origin}/${version}/$metadata#users`;
  return ok({ "@odata.context": context, [next === null ? "@odata.deltaLink" : "@odata.nextLink"]: link, value });
}

function encode(token: unknown): string {
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function decode<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.safeParse(JSON.parse(Buffer.from(text, "base64url").toString())).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null; // not a token of ours
    throw error;
  }
}
