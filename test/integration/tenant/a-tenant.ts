// A simulated tenant with three people on a clock that the test sets, and a client that holds each exchange to the contract.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import * as z from "zod";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { RegistrationHabit, TenantUser } from "../../../shared/domain/tenant-user.ts";
import type { TenantOptions } from "../../../apps/local/tenant/options.ts";
import type { Tenant } from "../../../apps/local/tenant/tenant.ts";
import { startTenant } from "../../../apps/local/tenant/tenant.ts";
import { loadGraphContract } from "../../support/graph-contract.ts";

export const START = Date.UTC(2026, 8, 7, 6);
export const READER = "11111111-0000-4000-8000-000000000001";
export const NOTIFIER = "11111111-0000-4000-8000-000000000002";
export const ENFORCER = "11111111-0000-4000-8000-000000000003";
export const HELPDESK = "11111111-0000-4000-8000-000000000004";
/** May reset people's methods, and change what holds for the whole tenant. */
export const RESETTER = "11111111-0000-4000-8000-000000000005";
export const SENDER = { id: "22222222-0000-4000-8000-000000000001", mail: "notices@contoso.example" };
export const BREAK_GLASS = [
  { id: "33333333-0000-4000-8000-000000000001", userPrincipalName: "emergency1@contoso.example" },
  { id: "33333333-0000-4000-8000-000000000002", userPrincipalName: "emergency2@contoso.example" },
];
const ADMIN_TOKEN = "open sesame";
const IDENTITY_HEADER = "identity header";
const contract = loadGraphContract();

export function aUser(name: string, registration: RegistrationHabit, more: Partial<TenantUser> = {}): TenantUser {
  return {
    id: deriveGuid(name),
    userPrincipalName: `${name}@contoso.example`,
    displayName: `${name} Example`,
    mail: `${name}@contoso.example`,
    department: "Sales",
    country: "Germany",
    usageLocation: "DE",
    preferredLanguage: "de-DE",
    userType: "Member",
    accountEnabled: true,
    registration,
    mfaState: "disabled",
    ...more,
  };
}

export const NEVER = aUser("nora", { kind: "never" });
export const USABLE = aUser("uwe", { kind: "usable" });
export const SOON = aUser("sam", { kind: "after-notice", days: 2 });
export const PHONE = aUser("paula", { kind: "phone-only" });

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}
export interface Ask {
  readonly as?: string;
  readonly body?: unknown;
  /** Bad on purpose: the request is not held to the contract, its answer is. */
  readonly bad?: boolean;
  /** A drawn fault may answer HTML or strange steps. */
  readonly faulty?: boolean;
  /** `ConsistencyLevel: eventual`. */
  readonly eventual?: boolean;
}
export interface StepAnswer {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface TestTenant {
  readonly tenant: Tenant;
  readonly clock: { at: number };
  readonly call: (method: string, path: string, ask?: Ask) => Promise<Reply>;
  batch(steps: readonly Step[], ask?: Ask): Promise<readonly StepAnswer[]>;
  door(method: string, path: string, body?: unknown, token?: string): Promise<Reply>;
  token(clientId: string): Promise<string>;
}
export interface Step {
  readonly id?: string;
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
  readonly dependsOn?: readonly string[];
}

const batchAnswer = z.object({
  responses: z.array(
    z.object({
      id: z.string(),
      status: z.number(),
      headers: z.record(z.string(), z.string()).default({}),
      body: z.unknown().optional(),
    }),
  ),
});

/** Removed once the test has ended, and with it whoever it started. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tenant-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param clock of an earlier tenant on the same folder, which goes on */
export async function aTenant(options: Partial<TenantOptions> = {}, clock = { at: START }): Promise<TestTenant> {
  const tenant = await startTenant({
    clock: { now: () => clock.at },
    dataDir: null,
    port: 0,
    users: [NEVER, USABLE, SOON, PHONE],
    seed: 7,
    faults: [],
    quota: "documented",
    latencyMs: 0,
    tenantId: "44444444-0000-4000-8000-000000000001",
    identityHeader: IDENTITY_HEADER,
    identities: [
      {
        clientId: READER,
        roles: [
          "User.Read.All",
          "AuditLog.Read.All",
          "Policy.Read.All",
          "UserAuthenticationMethod.Read.All",
          "RoleManagement.Read.Directory",
          "LicenseAssignment.Read.All",
        ],
      },
      { clientId: NOTIFIER, roles: ["Application Mail.Send"] },
      { clientId: ENFORCER, roles: ["Policy.ReadWrite.AuthenticationMethod"] },
      {
        clientId: HELPDESK,
        roles: [
          "UserAuthMethod-TAP.ReadWrite.All",
          "User.RevokeSessions.All",
          "GroupMember.ReadWrite.All",
          "Group.Create",
          "Policy.ReadWrite.ConditionalAccess",
        ],
      },
      {
        clientId: RESETTER,
        roles: [
          "UserAuthenticationMethod.ReadWrite.All",
          "Policy.ReadWrite.SecurityDefaults",
          "Policy.ReadWrite.AuthenticationMethod",
          "MailboxSettings.Read",
        ],
      },
    ],
    senders: [SENDER],
    breakGlass: BREAK_GLASS,
    adminToken: ADMIN_TOKEN,
    ...options,
  });
  const tokens = new Map<string, string>();
  const token = async (clientId: string): Promise<string> => {
    const known = tokens.get(clientId) ?? (await fetchToken(tenant, clientId));
    tokens.set(clientId, known);
    return known;
  };
  const call: TestTenant["call"] = async (
    method,
    path,
    { as = READER, body, bad = false, faulty = false, eventual = false } = {},
  ) => {
    const reply = await request(`${tenant.url}${path}`, method, await token(as), { body, eventual });
    const exchange = { method, url: path, requestBody: body, status: reply.status, responseBody: reply.body };
    if (!faulty && contract !== null) expect(contract.checkExchange({ ...exchange, badRequest: bad })).toEqual([]);
    return reply;
  };
  return {
    tenant,
    clock,
    call,
    token,
    async batch(steps, ask = {}) {
      const reply = await call("POST", "/beta/$batch", {
        as: ENFORCER,
        ...ask,
        body: { requests: steps.map(envelope) },
      });
      return batchAnswer.parse(reply.body).responses;
    },
    door: (method, path, body, own = ADMIN_TOKEN) => request(`${tenant.url}/simulator/${path}`, method, own, { body }),
  };
}

export function requirements(user: TenantUser): string {
  return `/users/${user.id}/authentication/requirements`;
}

export function setState(user: TenantUser, state: string, id = user.id): Step {
  return { id, method: "PATCH", url: requirements(user), body: { perUserMfaState: state } };
}

export function mailTo(
  address: string,
  headers: Readonly<Record<string, string>> = { "x-mfa-notice": "first-notice" },
): unknown {
  return {
    message: {
      subject: "Set up MFA",
      body: { contentType: "HTML", content: "<p>Please register.</p>" },
      toRecipients: [{ emailAddress: { address } }],
      internetMessageHeaders: Object.entries(headers).map(([name, value]) => ({ name, value })),
    },
    saveToSentItems: false,
  };
}

export async function fetchToken(tenant: Tenant, clientId: string, header = IDENTITY_HEADER): Promise<string> {
  const query = new URLSearchParams({ resource: "https://graph.microsoft.com", client_id: clientId });
  const response = await fetch(`${tenant.identityEndpoint}?api-version=2019-08-01&${query.toString()}`, {
    headers: { "x-identity-header": header },
  });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
}

function envelope(step: Step, index: number): unknown {
  const headers = step.body === undefined ? {} : { headers: { "Content-Type": "application/json" } };
  return { id: String(index + 1), ...headers, ...step };
}

async function request(
  url: string,
  method: string,
  token: string,
  { body, eventual = false }: Pick<Ask, "body" | "eventual">,
): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      ...(eventual ? { ConsistencyLevel: "eventual" } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  const parsed: unknown = isJson ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, body: parsed };
}
