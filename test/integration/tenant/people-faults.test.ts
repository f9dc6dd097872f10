// Faults that are people's doing: each is drawn once, stays over a restart, and is in the directory audit and the witness account.
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { DAY_MS, HOUR_MS } from "../../../shared/domain/instant.ts";
import type { TenantOptions } from "../../../apps/local/tenant/options.ts";
import type { StepAnswer, TestTenant } from "./a-tenant.ts";
import {
  aTenant,
  aUser,
  BREAK_GLASS,
  ENFORCER,
  mailTo,
  NEVER,
  newFolder,
  NOTIFIER,
  READER,
  requirements,
  SENDER,
  setState,
  USABLE,
} from "./a-tenant.ts";
import { auditsOf, makeFaults, readAll } from "./questions.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

const REPORT = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999";
const twenty = Array.from({ length: 20 }, (_, i) => aUser(`user${i}`, { kind: "never" }));
const shownUser = z.object({
  id: z.string(),
  displayName: z.string(),
  mail: z.string().nullable(),
  userPrincipalName: z.string(),
});

async function readUser(id: string): Promise<z.infer<typeof shownUser>> {
  const select = "id,displayName,mail,userPrincipalName";
  return shownUser.parse((await t.call("GET", `/v1.0/users/${id}?$select=${select}`)).body);
}
async function restart(options: Partial<TenantOptions>): Promise<void> {
  await t.tenant.close();
  t = await aTenant(options, t.clock);
}
const summary = (answers: readonly StepAnswer[]): unknown => answers.map(({ id, status }) => `${id} ${status}`).sort();

describe("tenant 7: a permission that is taken away", () => {
  it("refuses as Graph does for up to two hours, then is given back; the audit names both", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    await makeFaults(t, "permission-lost=1");
    const refused = await t.call("PATCH", `/beta${requirements(NEVER)}`, {
      as: ENFORCER,
      body: { perUserMfaState: "enabled" },
    });
    expect([refused.status, refused.body]).toMatchObject([403, { error: { code: "Authorization_RequestDenied" } }]);
    expect(t.tenant.account().user(NEVER.id)?.writes).toEqual([]);
    const [loss] = t.tenant.stats().permissionsLost;
    expect(loss).toMatchObject({ app: ENFORCER, role: "Policy.ReadWrite.AuthenticationMethod", at: t.clock.at });
    expect((loss?.until ?? Infinity) - t.clock.at).toBeLessThanOrEqual(2 * HOUR_MS);

    await restart({ dataDir });
    expect(summary(await t.batch([setState(NEVER, "enabled", "a")]))).toEqual(["a 403"]);
    t.clock.at = loss?.until ?? 0;
    expect(summary(await t.batch([setState(NEVER, "enabled", "a")]))).toEqual(["a 204"]);
    expect(await auditsOf(t, ENFORCER)).toEqual([
      "Add app role assignment to service principal by admin",
      "Remove app role assignment from service principal by admin",
    ]);
  });

  it("refuses reports and mail in their own words", async () => {
    t = await aTenant({
      identities: [
        { clientId: READER, roles: ["AuditLog.Read.All"] },
        { clientId: NOTIFIER, roles: ["Application Mail.Send"] },
      ],
    });
    await makeFaults(t, "permission-lost=1");
    const report = await t.call("GET", REPORT);
    const mail = { as: NOTIFIER, body: mailTo("nora@contoso.example") };
    const sent = await t.call("POST", `/v1.0/users/${SENDER.id}/sendMail`, mail);
    expect([report.body, sent.body]).toMatchObject([
      { error: { code: "Authentication_MSGraphPermissionMissing" } },
      { error: { code: "ErrorAccessDenied" } },
    ]);
    expect(t.tenant.account().mailboxes).toMatchObject([{ sent: 0 }]);
  });
});

describe("tenant 5: people who leave and come back", () => {
  it("deletes a user at a read or a write, once and for all restarts, and never an emergency account", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    await makeFaults(t, "user-deleted=1");
    expect(summary(await t.batch([setState(NEVER, "enabled", "a")]))).toEqual(["a 404"]);
    for (const { id } of BREAK_GLASS) expect(await readUser(id)).toMatchObject({ id });
    expect(t.tenant.account().user(NEVER.id)).toMatchObject({
      deletedAt: t.clock.at,
      writes: [],
      fates: [{ at: t.clock.at, what: "deleted" }],
    });
    const before = [...t.tenant.account().users()];
    await restart({ dataDir });
    expect([...t.tenant.account().users()]).toEqual(before);
    expect((await t.call("GET", `/beta${requirements(NEVER)}`)).status).toBe(404);
    expect(await auditsOf(t, NEVER.id)).toEqual(["Delete user by admin"]);
  });

  it("restores a deleted user under the same id with MFA off, at a read of the user or of the list, for 30 days", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    await t.batch([setState(NEVER, "enforced"), setState(USABLE, "enforced")]);
    for (const { id } of [NEVER, USABLE]) await t.door("POST", `users/${id}`, { action: "delete" });
    await makeFaults(t, "user-restored=1");
    const ids = (await readAll(t, "/v1.0/users?$select=id")).map((row) => row["id"]);
    expect(ids).toEqual(expect.arrayContaining([NEVER.id, USABLE.id]));
    t.clock.at += HOUR_MS; // until then a restored account is missing here and there
    expect(await t.call("GET", `/beta${requirements(NEVER)}`)).toMatchObject({ body: { perUserMfaState: "disabled" } });
    await restart({ dataDir });
    expect(t.tenant.account().user(NEVER.id)).toMatchObject({
      deletedAt: null,
      mfaState: "disabled",
      fates: [{ what: "deleted" }, { what: "restored" }],
    });
    expect(await auditsOf(t, NEVER.id)).toEqual([
      "Restore user by admin",
      "Delete user by admin",
      `Update user by ${ENFORCER}`,
    ]);

    await makeFaults(t, "none");
    await t.door("POST", `users/${NEVER.id}`, { action: "delete" });
    await makeFaults(t, "user-restored=1");
    t.clock.at += 30 * DAY_MS;
    expect((await t.call("GET", `/v1.0/users/${NEVER.id}`)).status).toBe(404);
  });

  it("gives a user another name and address; the id, and mail to the old address, go on", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    await makeFaults(t, "user-renamed=1");
    const shown = await readUser(NEVER.id);
    for (const { id, userPrincipalName } of BREAK_GLASS) {
      expect(await readUser(id)).toMatchObject({ userPrincipalName });
    }
    expect(shown).toMatchObject({ id: NEVER.id });
    expect(shown).not.toMatchObject({ displayName: NEVER.displayName });
    expect(shown).not.toMatchObject({ mail: NEVER.mail });
    await restart({ dataDir });
    expect(await readUser(NEVER.id)).toMatchObject(shown);
    expect((await t.call("GET", `/v1.0/users/${encodeURIComponent(NEVER.userPrincipalName)}`)).status).toBe(404);
    await t.call("POST", `/v1.0/users/${SENDER.id}/sendMail`, { as: NOTIFIER, body: mailTo(NEVER.mail ?? "") });
    expect(t.tenant.account().user(NEVER.id)).toMatchObject({
      userPrincipalName: shown.userPrincipalName,
      fates: [{ what: "renamed" }],
      mails: [{ notice: "first-notice" }],
    });
    expect(await auditsOf(t, NEVER.id)).toEqual(["Update user by admin"]);
  });
});

describe("tenant 32: an admin undoes our write", () => {
  it("some hours later, as a person in the audit, over a restart, and not for an emergency account", async () => {
    const dataDir = newFolder();
    const breakGlass = { ...NEVER, id: BREAK_GLASS[0]?.id ?? "" };
    t = await aTenant({ dataDir });
    await makeFaults(t, "admin-revert=1");
    expect(summary(await t.batch([setState(NEVER, "enforced", "a"), setState(breakGlass, "enforced", "b")]))).toEqual([
      "a 204",
      "b 204",
    ]);
    await makeFaults(t, "none");
    t.clock.at += HOUR_MS - 1;
    expect(t.tenant.account().user(NEVER.id)?.mfaState).toBe("enforced");
    await restart({ dataDir });
    t.clock.at += 11 * HOUR_MS + 1;
    expect(await t.call("GET", `/beta${requirements(NEVER)}`)).toMatchObject({ body: { perUserMfaState: "disabled" } });
    const reverted = t.tenant.account().user(NEVER.id);
    expect(reverted?.writes).toMatchObject([{ by: ENFORCER }, { by: "human", stored: "disabled" }]);
    expect(t.tenant.account().user(breakGlass.id)).toMatchObject({ mfaState: "enforced", writes: [{ by: ENFORCER }] });
    await restart({ dataDir });
    expect(t.tenant.account().user(NEVER.id)?.writes).toEqual(reverted?.writes);
    expect(await auditsOf(t, NEVER.id)).toEqual(["Update user by admin", `Update user by ${ENFORCER}`]);
  });

  it("is void when the user is gone by then", async () => {
    t = await aTenant();
    await makeFaults(t, "admin-revert=1");
    await t.batch([setState(NEVER, "enforced")]);
    await t.door("POST", `users/${NEVER.id}`, { action: "delete" });
    t.clock.at += DAY_MS;
    expect(t.tenant.account().user(NEVER.id)?.writes).toHaveLength(1);
  });
});

describe("tenant 35: people's fates follow the seed", () => {
  it("gives the same people the same fates in another order of requests", async () => {
    const run = async (seed: number, users: readonly (typeof NEVER)[]): Promise<unknown> => {
      t = await aTenant({ seed, users: twenty });
      await makeFaults(t, "user-deleted=0.3,user-renamed=0.3,admin-revert=0.3");
      for (const user of users) await t.batch([setState(user, "enforced")]);
      t.clock.at += DAY_MS;
      const told = twenty.map(({ id }) => t.tenant.account().user(id));
      await t.tenant.close();
      return told.map((user) => [user?.fates, user?.writes, user?.userPrincipalName]);
    };
    const first = await run(1, twenty);
    expect(await run(1, twenty.toReversed())).toEqual(first);
    expect(await run(2, twenty)).not.toEqual(first);
    t = await aTenant();
  });
});
