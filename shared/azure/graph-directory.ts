// Directory on Microsoft Graph. The per-user MFA endpoint exists on /beta only and is isolated here.
// Sources: Microsoft Learn "Update authentication method states", "userRegistrationDetails", "JSON batching", "List users".
import {
  graphAudit,
  graphMethods,
  graphMfaState,
  graphPage,
  graphRecipient,
  graphReportRow,
  graphUser,
} from "../codec/graph-answers.ts";
import type { GraphAudit, GraphPage, GraphUser, Shape } from "../codec/graph-answers.ts";
import type { Instant } from "../domain/instant.ts";
import type { KnownMfaState, MfaState, UserId } from "../domain/names.ts";
import type { RegistrationValue } from "../domain/registration.ts";
import { registrationFromMethods, registrationFromReport } from "../domain/registration.ts";
import type { Answer } from "../domain/failure.ts";
import type {
  BreakGlassAccount,
  Directory,
  DirectoryUser,
  Read,
  Recipient,
  RegistrationReportPage,
  StateChange,
} from "../ports/directory.ts";
import { parseRetryAfter } from "../domain/retry.ts";
import { Unavailable } from "../ports/errors.ts";
import type { BatchDeps, BatchStep, StepAnswer } from "./graph-batch.ts";
import { runGraphBatch } from "./graph-batch.ts";
import type { GraphReply } from "./graph-client.ts";
import { answeredAt } from "./graph-client.ts";

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10";
const SELECT =
  "id,userPrincipalName,displayName,mail,accountEnabled,userType,department,preferredLanguage,createdDateTime,onPremisesSyncEnabled";
const REPORT_SPAN_MS = 10_000;
/** What the audit shows when an MFA state was changed; Microsoft does not document it, so its absence only costs the name. */
const STATE_PROPERTY = "StrongAuthenticationRequirement";
const AUDIT_TOP = 50;
/** Pages may be empty, and the audit shares five requests in ten seconds with the report. */
const AUDIT_PAGES_MAX = 3;
const READ_TRIES = 8;
const READ_BACKOFF_MS = 100;
const READ_REST_MAX_MS = 2_000;

export class GraphDirectory implements Directory {
  readonly #reader: BatchDeps;
  readonly #enforcer: BatchDeps;
  readonly #reportPagesPer10s: number;

  /** @param reportPagesPer10s so many pages of a report at once, and so many in each ten seconds */
  constructor(reader: BatchDeps, enforcer: BatchDeps, reportPagesPer10s: number) {
    this.#reader = reader;
    this.#enforcer = enforcer;
    this.#reportPagesPer10s = reportPagesPer10s;
  }

  async *listUsers(): AsyncIterable<readonly DirectoryUser[]> {
    for await (const values of readPages(this.#reader, `/v1.0/users?$select=${SELECT}&$top=999`)) {
      yield values.map((value) => toUser(graphUser.parse(value)));
    }
  }

  async readMfaStates(users: readonly UserId[]): Promise<readonly Read<MfaState>[]> {
    const steps = users.map((user) => get(requirements(user)));
    const answers = await runGraphBatch(this.#reader, "beta", steps);
    return answers.map((answer) => readAs(answer, graphMfaState, ({ perUserMfaState }): MfaState => perUserMfaState));
  }

  async setMfaStates(users: readonly UserId[], mfaState: KnownMfaState): Promise<readonly Answer[]> {
    // A misspelt property is accepted and changes nothing: one typed constant, and a read before and after.
    const body = { perUserMfaState: mfaState };
    const steps = users.map((user): BatchStep => ({ method: "PATCH", url: requirements(user), body }));
    const answers = await runGraphBatch(this.#enforcer, "beta", steps);
    return answers.map(({ answer }) => answer);
  }

  async readRegistrations(users: readonly UserId[], now: Instant): Promise<readonly Read<RegistrationValue>[]> {
    const answers = await runGraphBatch(
      this.#reader,
      "v1.0",
      users.map((user) => get(`/users/${checked(user)}/authentication/methods`)),
    );
    return answers.map((answer) =>
      readAs(answer, graphMethods, ({ value }) =>
        registrationFromMethods(
          value.map((method) => method["@odata.type"].replace("#microsoft.graph.", "")),
          now,
        ),
      ),
    );
  }

  async readRecipients(users: readonly UserId[]): Promise<readonly Read<Recipient>[]> {
    const steps = users.map((user) => get(`/users/${checked(user)}?$select=displayName,mail,preferredLanguage`));
    const answers = await runGraphBatch(this.#reader, "v1.0", steps);
    return answers.map((answer) =>
      readAs(answer, graphRecipient, ({ displayName, mail, preferredLanguage }) => ({
        displayName: displayName ?? "",
        mail: mail ?? "",
        preferredLanguage,
      })),
    );
  }

  async *readRegistrationReport(now: Instant): AsyncIterable<RegistrationReportPage> {
    const path = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999";
    for await (const values of readPages(this.#reader, path, this.#reportPagesPer10s)) {
      const rows = values.map((value) => graphReportRow.parse(value));
      const times = rows.map((row) => Date.parse(row.lastUpdatedDateTime));
      yield {
        reportAt: times.length === 0 ? now : Math.min(now, ...times),
        rows: rows.map((row) => ({
          userId: row.id,
          value: registrationFromReport({ capable: row.isMfaCapable, methods: row.methodsRegistered }, now),
        })),
      };
    }
  }

  async findStateChange(userId: UserId, since: Instant): Promise<StateChange | null> {
    const filter = `activityDateTime ge ${new Date(since).toISOString()} and targetResources/any(t:t/id eq '${checked(userId)}')`;
    const path = `/v1.0/auditLogs/directoryAudits?$filter=${encodeURIComponent(filter)}&$top=${AUDIT_TOP}`;
    let pages = 0;
    for await (const values of readPages(this.#reader, path, this.#reportPagesPer10s)) {
      // Newest first.
      for (const value of values) {
        const change = toStateChange(graphAudit.parse(value), userId);
        if (change !== null && change.at > since) return change;
      }
      pages += 1;
      if (pages >= AUDIT_PAGES_MAX) break;
    }
    return null;
  }

  async readBreakGlass(accounts: readonly string[]): Promise<readonly BreakGlassAccount[]> {
    const found: BreakGlassAccount[] = [];
    for (const account of accounts) {
      const path = `/v1.0/users/${encodeURIComponent(account)}?$select=${SELECT}`;
      const user = await readPatiently(this.#reader, path, graphUser);
      if (user === null) continue;
      const { id, userPrincipalName, accountEnabled, onPremisesSyncEnabled } = user;
      const filter = encodeURIComponent(
        `principalId eq '${checked(id)}' and roleDefinitionId eq '${GLOBAL_ADMINISTRATOR}'`,
      );
      const rolePath = `/v1.0/roleManagement/directory/roleAssignments?$filter=${filter}`;
      const roles = await readPatiently(this.#reader, rolePath, graphPage);
      found.push({
        id,
        userPrincipalName,
        enabled: accountEnabled === true,
        cloudOnly: onPremisesSyncEnabled !== true,
        globalAdministrator: (roles?.value.length ?? 0) > 0,
      });
    }
    return found;
  }
}

const get = (url: string): BatchStep => ({ method: "GET", url });
const requirements = (user: UserId): string => `/users/${checked(user)}/authentication/requirements`;

/** A user principal name in a path may be cut at `#` and hit somebody else. */
function checked(user: UserId): UserId {
  if (!GUID.test(user)) throw new Error("a Graph URL is built from something that is no object id");
  return user;
}

function readAs<S, T>(step: StepAnswer, shape: Shape<S>, pick: (value: S) => T): Read<T> {
  const { answer, body } = step;
  if (answer.kind !== "answered" || answer.status < 200 || answer.status >= 300) return { kind: "failed", answer };
  const parsed = shape.safeParse(body);
  // An empty or strange 200 says nothing, and unknown is never read as `disabled`.
  return parsed.success ? { kind: "read", value: pick(parsed.data) } : { kind: "failed", answer: { kind: "none" } };
}

function toStateChange(row: GraphAudit, userId: UserId): StateChange | null {
  const target = row.targetResources.find(({ id }) => id?.toLowerCase() === userId);
  const isState = target?.modifiedProperties?.some(({ displayName }) => displayName === STATE_PROPERTY) === true;
  const by = isState ? nameOf(row.initiatedBy) : null;
  return by === null ? null : { at: Date.parse(row.activityDateTime), by };
}

function nameOf({ user, app }: GraphAudit["initiatedBy"]): string | null {
  const person = user?.userPrincipalName ?? user?.displayName ?? null;
  if (person !== null) return person;
  const program = app?.displayName ?? app?.appId ?? null;
  return program === null ? null : `the app ${program}`;
}

function toUser(user: GraphUser): DirectoryUser {
  return {
    id: user.id.toLowerCase(),
    userPrincipalName: user.userPrincipalName,
    displayName: user.displayName ?? "",
    mail: user.mail ?? "",
    department: user.department,
    userType: user.userType === "Guest" ? "Guest" : "Member",
    accountEnabled: user.accountEnabled === true,
    preferredLanguage: user.preferredLanguage,
    createdAt: user.createdDateTime === null ? 0 : Date.parse(user.createdDateTime),
  };
}

/**
 * Reads of the directory go again within the call: nobody is written to by them, and half an audience is none.
 *
 * @returns `null` for a 404
 * @throws Unavailable after the last try, or when Graph asks for a longer rest than a call may wait
 */
async function readPatiently<T>({ client, clock }: BatchDeps, path: string, shape: Shape<T>): Promise<T | null> {
  for (let tries = 1; ; tries += 1) {
    const reply = await client.call("GET", path);
    const read = typeof reply === "string" ? null : readReply(reply, shape);
    if (read !== null) return read.value;
    const asked = typeof reply === "string" ? 0 : parseRetryAfter(reply.retryAfter, answeredAt(reply, clock));
    if (tries >= READ_TRIES || asked > READ_REST_MAX_MS) {
      const cause = typeof reply === "string" ? reply : `status ${reply.status}`;
      throw new Unavailable("graph", { cause });
    }
    await pause(Math.max(asked, READ_BACKOFF_MS * tries));
  }
}

/** `null`: no answer that can be read. A proxy's page of HTML with status 200 has no body that could be. */
function readReply<T>({ status, body }: GraphReply, shape: Shape<T>): { readonly value: T | null } | null {
  if (status === 404) return { value: null };
  const parsed = status === 200 ? shape.safeParse(body) : null;
  return parsed?.success === true ? { value: parsed.data } : null;
}

/** @param pagesPer10s more than that wait for their turn */
async function* readPages(
  deps: BatchDeps,
  first: string,
  pagesPer10s = Number.POSITIVE_INFINITY,
): AsyncIterable<readonly unknown[]> {
  let path: string | null = first;
  for (let index = 0; path !== null; index += 1) {
    if (index >= pagesPer10s) await pause(REPORT_SPAN_MS / pagesPer10s);
    const read: GraphPage | null = await readPatiently(deps, path, graphPage);
    if (read === null) throw new Unavailable("graph", { cause: "a list is not there" });
    yield read.value;
    const next: string | undefined = read["@odata.nextLink"];
    path = next === undefined ? null : deps.client.pathOf(next);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
