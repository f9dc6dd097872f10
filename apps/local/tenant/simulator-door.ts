// `/simulator/…`: what no real tenant has. The witness, counters, faults switched while it runs, and people who do things. Guarded
// by a token of its own; an app's Graph token opens nothing here.
import * as z from "zod";
import type { Answer } from "./answer.ts";
import { faultListOf } from "../faults/fault-list.ts";
import { parseFaultsOf } from "../faults/parse-faults.ts";
import { faultNamesOf } from "../faults/vocabulary.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { unreachable } from "../../../shared/domain/unreachable.ts";
import { METHODS, tenantUserSchema } from "./event.ts";
import type { Simulation } from "./simulation.ts";
import { tenantAccount } from "./witness.ts";

const faultsBody = z.union([z.object({ faults: z.string() }), z.object({ faults: faultListOf("tenant") })]);
const changeBody = z.discriminatedUnion("action", [
  z.object({ action: z.literal("register"), method: z.enum(METHODS).default("app") }),
  /** Loses all methods, as after a helpdesk reset. */
  z.object({ action: z.literal("unregister") }),
  /** A person in the portal sets or reverts the state. */
  z.object({ action: z.literal("set-mfa-state"), state: z.enum(["disabled", "enabled", "enforced"]) }),
  z.object({ action: z.literal("set-account-enabled"), enabled: z.boolean() }),
  /** Writes on this user are answered 403. */
  z.object({ action: z.literal("protect"), on: z.boolean().default(true) }),
  z.object({ action: z.literal("delete") }),
  z.object({ action: z.literal("create"), user: tenantUserSchema.omit({ id: true }) }),
]);

export interface DoorRequest {
  readonly method: string;
  /** Segments after `/simulator`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** A whole answer, or lines to be streamed: a large tenant's account is no string. */
export type DoorAnswer =
  { readonly kind: "answer"; readonly answer: Answer } | { readonly kind: "lines"; readonly lines: Iterable<string> };

export function openDoor(tenant: Simulation, { method, path, query, body }: DoorRequest): DoorAnswer {
  tenant.settle();
  const [first = "", id] = path;
  switch (`${method} ${first}${id === undefined ? "" : "/{id}"}`) {
    case "GET account":
      return { kind: "lines", lines: accountLines(tenant, query) };
    case "GET account/{id}":
      return showUser(tenant, id ?? "");
    case "GET stats":
      return reply(tenantStats(tenant));
    case "GET faults":
      return reply({ faults: tenant.faults.current(), known: faultNamesOf("tenant") });
    case "POST faults":
      return setFaults(tenant, body);
    case "POST users/{id}":
      return changeUser(tenant, id ?? "", body);
    default:
      return fail(404, "the simulator has GET account[/{id}], stats, faults and POST faults, users/{id}");
  }
}

function showUser(tenant: Simulation, id: string): DoorAnswer {
  const account = tenantAccount(tenant).user(id);
  return account === undefined ? fail(404, `no user ${id}`) : reply(account);
}

/** JSON lines: users from `from` on, at most `top`; then the mailboxes, when the last user was among them. */
function* accountLines(tenant: Simulation, query: URLSearchParams): Generator<string> {
  const from = Number(query.get("from") ?? 0);
  const top = Number(query.get("top") ?? Infinity);
  const account = tenantAccount(tenant);
  let index = -1;
  for (const user of account.users()) {
    index++;
    if (index < from) continue;
    if (index >= from + top) return;
    yield `${JSON.stringify(user)}\n`;
  }
  for (const mailbox of account.mailboxes) yield `${JSON.stringify(mailbox)}\n`;
}

export type TenantStats = Simulation["counters"] & {
  readonly faults: Readonly<Record<string, number>>;
  readonly refusals: Simulation["refusals"];
  readonly permissionsLost: readonly {
    readonly at: Instant;
    readonly app: string;
    readonly role: string;
    readonly until: Instant;
  }[];
};

export function tenantStats(tenant: Simulation): TenantStats {
  tenant.settle();
  const permissionsLost = tenant.agenda.losses.map(({ at, app, role, until }) => ({ at, app, role, until }));
  return { ...tenant.counters, faults: tenant.faults.happened(), refusals: [...tenant.refusals], permissionsLost };
}

function setFaults(tenant: Simulation, body: unknown): DoorAnswer {
  const parsed = faultsBody.safeParse(body);
  if (!parsed.success) return fail(400, z.prettifyError(parsed.error));
  const { faults } = parsed.data;
  try {
    tenant.faults.set(typeof faults === "string" ? parseFaultsOf("tenant", faults, "faults") : faults);
  } catch (error) {
    if (error instanceof UserFault) return fail(400, error.message);
    throw error;
  }
  return reply({ faults: tenant.faults.current() });
}

function changeUser(tenant: Simulation, id: string, body: unknown): DoorAnswer {
  const parsed = changeBody.safeParse(body);
  if (!parsed.success) return fail(400, z.prettifyError(parsed.error));
  const change = parsed.data;
  const at = tenant.clock.now();
  if (change.action === "create") {
    if (tenant.directory.findEver(id) !== undefined) return fail(409, `user ${id} is there already`);
    tenant.commit({ t: "created", at, user: { ...change.user, id: id.toLowerCase() } });
    return reply(tenantAccount(tenant).user(id));
  }
  const person = tenant.directory.find(id);
  if (person === undefined) return fail(404, `no user ${id}`);
  const user = person.user.id;
  switch (change.action) {
    case "register":
      tenant.commit({ t: "registered", at, user, method: change.method });
      break;
    case "unregister":
      tenant.commit({ t: "unregistered", at, user });
      break;
    case "set-mfa-state":
      tenant.commit({
        t: "write",
        at,
        user,
        by: "human",
        requested: change.state,
        stored: change.state,
        sticky: false,
      });
      break;
    case "set-account-enabled":
      tenant.commit({ t: "account-enabled", at, user, to: change.enabled });
      break;
    case "protect":
      tenant.commit({ t: "protected", at, user, to: change.on });
      break;
    case "delete":
      tenant.commit({ t: "deleted", at, user });
      break;
    default:
      return unreachable(change);
  }
  return reply(tenantAccount(tenant).user(user));
}

function reply(body: unknown): DoorAnswer {
  return { kind: "answer", answer: { status: 200, headers: {}, body } };
}

function fail(status: number, message: string): DoorAnswer {
  return { kind: "answer", answer: { status, headers: {}, body: { error: { code: "simulator", message } } } };
}
