// Directory and Notifier on a tenant in memory and on the simulated tenant over HTTP, with real tokens and the real Graph client.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openGraphClient } from "../../shared/azure/graph-client.ts";
import type { BatchDeps } from "../../shared/azure/graph-batch.ts";
import { GraphDirectory } from "../../shared/azure/graph-directory.ts";
import { GraphNotifier } from "../../shared/azure/graph-notifier.ts";
import { HOUR_MS } from "../../shared/domain/instant.ts";
import { deriveGuid } from "../../shared/domain/hash.ts";
import { MemoryDirectory } from "../../shared/memory/memory-directory.ts";
import { MemoryNotifier } from "../../shared/memory/memory-notifier.ts";
import { MemoryTenant } from "../../shared/memory/memory-tenant.ts";
import { RecordingLog } from "../../shared/memory/recording-log.ts";
import { VirtualClock } from "../../shared/memory/virtual-clock.ts";
import type { Directory } from "../../shared/ports/directory.ts";
import type { Mail, Notifier } from "../../shared/ports/notifier.ts";
import {
  aTenant,
  BREAK_GLASS,
  ENFORCER,
  NEVER,
  NOTIFIER,
  READER,
  SOON,
  SENDER,
  START,
  USABLE,
} from "../integration/tenant/a-tenant.ts";
import { makeFaults } from "../integration/tenant/questions.ts";

interface TenantUnderTest {
  readonly directory: Directory;
  readonly notifier: Notifier;
  /** After our write an admin sets it to `disabled`, and the audit has heard of it. */
  revert(userId: string, write: () => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

async function openMemory(): Promise<TenantUnderTest> {
  const tenant = new MemoryTenant();
  for (const { id, userPrincipalName, displayName, mail, department, preferredLanguage } of [NEVER, USABLE, SOON]) {
    const kind = { userType: "Member", accountEnabled: true, createdAt: START } as const;
    const user = { id, userPrincipalName, displayName, mail: mail ?? "", department, preferredLanguage, ...kind };
    tenant.add(user, { registration: id === USABLE.id ? "usable" : "none" });
  }
  for (const account of BREAK_GLASS)
    tenant.breakGlass.push({ ...account, enabled: true, cloudOnly: true, globalAdministrator: true });
  const clock = new VirtualClock(START);
  return {
    directory: new MemoryDirectory(tenant),
    notifier: new MemoryNotifier(tenant, clock),
    revert: async (userId, write) => {
      await write();
      tenant.revert(userId, "admin@contoso.example", START + 1);
    },
    close: async () => undefined,
  };
}

async function openGraph(): Promise<TenantUnderTest> {
  const t = await aTenant();
  const { tenant } = t;
  process.env["IDENTITY_ENDPOINT"] = tenant.identityEndpoint;
  process.env["IDENTITY_HEADER"] = "identity header";
  const clock = new VirtualClock(START);
  const hooks = { count: () => undefined, record: null };
  const log = new RecordingLog();
  const deps = async (clientId: string): Promise<BatchDeps> => ({
    client: await openGraphClient(tenant.url, clientId, hooks, clock),
    clock,
    log,
    hooks,
  });
  return {
    directory: new GraphDirectory(await deps(READER), await deps(ENFORCER), 5),
    notifier: new GraphNotifier(await deps(NOTIFIER)),
    revert: async (_, write) => {
      await makeFaults(t, "admin-revert=1");
      await write();
      await makeFaults(t, "none");
      t.clock.at += 13 * HOUR_MS;
    },
    close: () => tenant.close(),
  };
}

const KINDS = [
  { kind: "memory", open: openMemory },
  { kind: "Graph", open: openGraph },
] as const;
const NOBODY = deriveGuid("nobody");
const GONE = { kind: "answered", status: 404, code: "Request_ResourceNotFound", retryAfterMs: 0 };

describe.each(KINDS)("directory and notifier: $kind", ({ open }) => {
  // One tenant for all: the identity library keeps the first token endpoint that a process told it.
  let under: TenantUnderTest;
  beforeAll(async () => {
    under = await open();
  });
  afterAll(() => under.close());

  it("answers each user from that user's own step, in the order asked", async () => {
    const { directory } = under;
    const users = [USABLE.id, NOBODY, NEVER.id];
    const gone = { kind: "failed", answer: GONE };
    const state = { kind: "read", value: "disabled" };
    expect(await directory.readMfaStates(users)).toEqual([state, gone, state]);
    expect(await directory.readRegistrations(users, START)).toEqual([
      { kind: "read", value: "usable" },
      gone,
      { kind: "read", value: "none" },
    ]);
    const [recipient] = await directory.readRecipients([NEVER.id]);
    const { displayName, mail, preferredLanguage } = NEVER;
    expect(recipient).toEqual({ kind: "read", value: { displayName, mail, preferredLanguage } });
  });

  it("sets the state of each, and tells who is not there", async () => {
    const { directory } = under;
    const answers = await directory.setMfaStates([SOON.id, NOBODY], "enabled");
    expect(answers).toMatchObject([{ kind: "answered", status: 204 }, GONE]);
    expect(await directory.readMfaStates([SOON.id])).toEqual([{ kind: "read", value: "enabled" }]);
  });

  it("names who took a user's state back, and nobody where nobody did", async () => {
    const { directory } = under;
    await under.revert(USABLE.id, () => directory.setMfaStates([USABLE.id], "enforced"));
    expect(await directory.readMfaStates([USABLE.id])).toEqual([{ kind: "read", value: "disabled" }]);

    const change = await directory.findStateChange(USABLE.id, START);
    expect(change?.by).toMatch(/^admin@/);
    expect(change?.at).toBeGreaterThan(START);
    expect(await directory.findStateChange(NEVER.id, START)).toBeNull();
    expect(await directory.findStateChange(USABLE.id, change?.at ?? 0)).toBeNull();
  });

  it("lists all users, and finds the break-glass accounts that are there, by id or name", async () => {
    const { directory } = under;
    const listed: string[] = [];
    for await (const page of directory.listUsers()) listed.push(...page.map(({ id }) => id));
    expect(listed).toEqual(expect.arrayContaining([NEVER.id, USABLE.id]));
    const names = [BREAK_GLASS[0]?.id ?? "", BREAK_GLASS[1]?.userPrincipalName ?? "", "gone@contoso.example"];
    const found = await directory.readBreakGlass(names);
    const valid = { enabled: true, cloudOnly: true, globalAdministrator: true };
    expect(found).toEqual(BREAK_GLASS.map((account) => ({ ...account, ...valid })));
  });

  it("sends up to four mails of one mailbox, each accepted by itself", async () => {
    const { notifier } = under;
    const mail: Mail = {
      userId: NEVER.id,
      rollout: "pilot",
      notice: "first-notice",
      to: NEVER.mail ?? "",
      subject: "Register",
      html: "<p>Please register.</p>",
      text: "Please register.",
    };
    const answers = await notifier.send(SENDER.id, [mail, { ...mail, userId: USABLE.id, to: USABLE.mail ?? "" }]);
    expect(answers).toMatchObject([202, 202].map((status) => ({ kind: "answered", status })));
  });
});
