// Users as Graph shows them: list, one user, and PATCH of the user resource (which a path cut at `#` hits by mistake).
import { HOUR_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { empty, notFound, ok } from "./answer.ts";
import { chance } from "../chance.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import { answerPage } from "./pages.ts";
import type { Person } from "./people.ts";
import { restoreSome } from "./people-faults.ts";
import type { Simulation } from "./simulation.ts";
import { answerFromIndex } from "./user-index.ts";
import { project, PROPERTIES, readSelect, userRow } from "./user-rows.ts";

const READ_ROLES = ["User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All"];
const DEFAULT_TOP = 100;
const NEW_ACCOUNT_MS = HOUR_MS;
const NOT_REPLICATED_SHARE = 0.3;

export const userOperations: readonly Operation[] = [
  {
    method: "GET",
    versions: BOTH,
    path: ["users"],
    service: "identity",
    resourceUnits: 2,
    writes: 0,
    roles: READ_ROLES,
    run: listUsers,
  },
  {
    method: "GET",
    versions: BOTH,
    path: ["users", ":id"],
    service: "identity",
    resourceUnits: 1,
    writes: 0,
    roles: READ_ROLES,
    run: getUser,
  },
  {
    method: "PATCH",
    versions: BOTH,
    path: ["users", ":id"],
    service: "identity",
    resourceUnits: 1,
    writes: 1,
    roles: ["User.ReadWrite.All", "Directory.ReadWrite.All"],
    // Unknown properties are swallowed: that is how a write to a path cut at `#` looks like a success.
    run: (tenant, request, id) => (findVisible(tenant, request, id) === undefined ? notFound(id) : empty(204)),
  },
];

/** A user whom every replica knows; one younger than an hour is missing here and there. */
export function findVisible(tenant: Simulation, request: GraphRequest, id: string): Person | undefined {
  const person = tenant.directory.find(id);
  if (person === undefined || person.visibleSince + NEW_ACCOUNT_MS <= request.now) return person;
  const draw = chance(tenant.options.seed, `replica/${id}/${Math.floor(request.now / (10 * SECOND_MS))}`);
  return draw < NOT_REPLICATED_SHARE ? undefined : person;
}

function listUsers(tenant: Simulation, request: GraphRequest): Answer {
  const select = readSelect(tenant, request);
  if ("status" in select) return select;
  if (!request.query.has("$skiptoken")) restoreSome(tenant, request.now);
  const { people } = tenant.directory;
  const indexed = answerFromIndex(tenant, request, select);
  if (indexed !== null) return indexed;
  return answerPage(tenant, request, {
    context: "users",
    defaultTop: DEFAULT_TOP,
    length: people.length,
    asOf: request.now,
    properties: PROPERTIES,
    row: (index) => {
      const person = people[index];
      return person?.deletedAt === null ? userRow(tenant, person) : null;
    },
    project: (row) => project(row, select),
  });
}

function getUser(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const select = readSelect(tenant, request);
  if ("status" in select) return select;
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  const context = `${request.origin}/${request.version}/$metadata#users/$entity`;
  return ok({ "@odata.context": context, ...project(userRow(tenant, person), select) });
}
