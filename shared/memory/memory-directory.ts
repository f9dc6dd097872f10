// Directory on a tenant in memory.
import type { Answer } from "../domain/failure.ts";
import type { Instant } from "../domain/instant.ts";
import type { KnownMfaState, MfaState, UserId } from "../domain/names.ts";
import type { RegistrationValue } from "../domain/registration.ts";
import { GRAPH_BATCH_STEPS } from "../domain/slice.ts";
import type {
  BreakGlassAccount,
  Directory,
  DirectoryUser,
  Read,
  Recipient,
  RegistrationReportPage,
  StateChange,
} from "../ports/directory.ts";
import { Unavailable } from "../ports/errors.ts";
import type { MemoryTenant, TenantCall, TenantPerson } from "./memory-tenant.ts";
import { NOT_FOUND } from "./memory-tenant.ts";

const PAGE = 999;

export class MemoryDirectory implements Directory {
  readonly #tenant: MemoryTenant;

  constructor(tenant: MemoryTenant) {
    this.#tenant = tenant;
  }

  async *listUsers(): AsyncIterable<readonly DirectoryUser[]> {
    const users = [...this.#tenant.people.values()].map(({ user }) => user);
    for (let start = 0; start === 0 || start < users.length; start += PAGE) {
      askPage(this.#tenant, "list-users");
      yield users.slice(start, start + PAGE);
    }
  }

  async readMfaStates(users: readonly UserId[]): Promise<readonly Read<MfaState>[]> {
    return this.#read("read-state", users, ({ mfaState }) => mfaState);
  }

  async setMfaStates(users: readonly UserId[], mfaState: KnownMfaState): Promise<readonly Answer[]> {
    return askEach<Answer>(
      this.#tenant,
      { call: "write-state", users },
      {
        act: (userId) => this.#tenant.write(userId, mfaState),
        failed: (answer) => answer,
      },
    );
  }

  async readRegistrations(users: readonly UserId[]): Promise<readonly Read<RegistrationValue>[]> {
    return this.#read("read-registration", users, ({ registration }) => registration);
  }

  async readRecipients(users: readonly UserId[]): Promise<readonly Read<Recipient>[]> {
    return this.#read("read-recipient", users, ({ user: { displayName, mail, preferredLanguage } }) => ({
      displayName,
      mail,
      preferredLanguage,
    }));
  }

  async *readRegistrationReport(now: Instant): AsyncIterable<RegistrationReportPage> {
    const people = [...this.#tenant.people.values()].filter(({ inReport }) => inReport);
    for (let start = 0; start === 0 || start < people.length; start += PAGE) {
      askPage(this.#tenant, "read-report");
      const rows = people
        .slice(start, start + PAGE)
        .map(({ user, registration }) => ({ userId: user.id, value: registration }));
      yield { reportAt: now, rows };
    }
  }

  async findStateChange(userId: UserId, since: Instant): Promise<StateChange | null> {
    askPage(this.#tenant, "read-audit");
    const found = this.#tenant.audit.find((change) => change.userId === userId && change.at > since);
    return found === undefined ? null : { at: found.at, by: found.by };
  }

  async readBreakGlass(accounts: readonly string[]): Promise<readonly BreakGlassAccount[]> {
    askPage(this.#tenant, "read-break-glass");
    const names = new Set(accounts.map((name) => name.toLowerCase()));
    return this.#tenant.breakGlass.filter(
      ({ id, userPrincipalName }) => names.has(id) || names.has(userPrincipalName.toLowerCase()),
    );
  }

  #read<T>(call: TenantCall, users: readonly UserId[], valueOf: (person: TenantPerson) => T): readonly Read<T>[] {
    return askEach<Read<T>>(
      this.#tenant,
      { call, users },
      {
        act: (userId) => {
          const person = this.#tenant.people.get(userId);
          return person === undefined
            ? { kind: "failed", answer: NOT_FOUND }
            : { kind: "read", value: valueOf(person) };
        },
        failed: (answer) => ({ kind: "failed", answer }),
      },
    );
  }
}

/** One call for some users: each by itself, with its own fault. */
export function askEach<T>(
  tenant: MemoryTenant,
  { call, users }: { readonly call: TenantCall; readonly users: readonly UserId[] },
  on: { readonly act: (userId: UserId, index: number) => T; readonly failed: (answer: Answer) => T },
): readonly T[] {
  if (users.length > GRAPH_BATCH_STEPS) throw new Error(`${users.length} users in one call`);
  const faults = users.map((userId) => tenant.fault(call, userId));
  if (faults.includes("unavailable")) throw new Unavailable("graph", { cause: new Error("injected") });
  return users.map((userId, index) => {
    tenant.calls.set(call, tenant.counted(call) + 1);
    const fault = faults[index] ?? null;
    if (fault === null || fault === "unavailable") return on.act(userId, index);
    if (fault.done) on.act(userId, index);
    return on.failed(fault.answer);
  });
}

function askPage(tenant: MemoryTenant, call: TenantCall): void {
  tenant.calls.set(call, tenant.counted(call) + 1);
  if (tenant.fault(call, "") !== null) throw new Unavailable("graph", { cause: new Error("injected") });
}
