// What surrounds a user, how many there are, and what holds for the whole tenant.
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { DAY_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { TestTenant } from "./a-tenant.ts";
import { aTenant, aUser, HELPDESK, NEVER, newFolder, READER, RESETTER, SENDER, USABLE } from "./a-tenant.ts";
import { auditsOf, readAll } from "./questions.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

describe("tenant 26: how many users there are", () => {
  it("is a bare number from the index that lags, and only for those who say that this is fine", async () => {
    t = await aTenant();
    const count = async (filter = ""): Promise<string> => {
      const reply = await t.call("GET", `/v1.0/users/$count${filter}`, { eventual: true, faulty: true });
      expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/plain"]);
      return reply.text;
    };
    expect(await count()).toBe("6");
    expect(await count(`?$filter=${encodeURIComponent("department ne 'Sales'")}`)).toBe("2");

    await t.door("POST", `users/${NEVER.id}`, { action: "delete" });
    expect(await count()).toBe("6");
    t.clock.at += 2 * MINUTE_MS;
    expect(await count()).toBe("5");
    const strange = `?$filter=${encodeURIComponent("displayName like 'x'")}`;
    expect((await t.call("GET", `/v1.0/users/$count${strange}`, { eventual: true })).status).toBe(400);
    const plain = await t.call("GET", "/v1.0/users/$count", { bad: true });
    expect([plain.status, plain.text]).toEqual([400, expect.stringContaining("ConsistencyLevel")]);
  });
});

describe("tenant 25: what surrounds a user", () => {
  it("is the licence with its plans, without the premium one where the tenant has none, and nothing for guests", async () => {
    const guest = aUser("gus", { kind: "never" }, { userType: "Guest" });
    t = await aTenant({ users: [USABLE, guest] });
    const plans = z.array(z.object({ servicePlans: z.array(z.object({ servicePlanName: z.string() })) }));
    const names = async (): Promise<string[]> => {
      const rows = plans.parse(await readAll(t, `/v1.0/users/${USABLE.id}/licenseDetails`));
      return rows.flatMap(({ servicePlans }) => servicePlans.map(({ servicePlanName }) => servicePlanName));
    };
    expect(await names()).toEqual(["EXCHANGE_S_ENTERPRISE", "AAD_PREMIUM"]);
    expect(await readAll(t, `/v1.0/users/${USABLE.id}/licenseDetails?$select=skuPartNumber`)).toEqual([
      { skuPartNumber: "SPE_E3" },
    ]);
    expect(await readAll(t, `/v1.0/users/${guest.id}/licenseDetails`)).toEqual([]);
    await t.tenant.close();
    t = await aTenant({ knobs: { licence: "free" } });
    expect(await names()).toEqual(["EXCHANGE_S_ENTERPRISE"]);
  });

  it("is the groups that the user is in, a little late", async () => {
    t = await aTenant();
    const as = HELPDESK;
    const body = { displayName: "MFA", mailEnabled: false, mailNickname: "mfa", securityEnabled: true };
    const made = await t.call("POST", "/v1.0/groups", { as, body });
    const { id } = z.object({ id: z.string() }).parse(made.body);
    const reference = { "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${NEVER.id}` };
    await t.call("POST", `/v1.0/groups/${id}/members/$ref`, { as, body: reference });
    const url = `/v1.0/users/${NEVER.id}/transitiveMemberOf?$select=id,displayName`;
    expect(await readAll(t, url)).toEqual([]);
    t.clock.at += MINUTE_MS;

    expect(await readAll(t, url)).toEqual([{ "@odata.type": "#microsoft.graph.group", id, displayName: "MFA" }]);
    const filter = encodeURIComponent("securityEnabled eq false");
    expect(await readAll(t, `${url}&$filter=${filter}`)).toEqual([]);
    expect(await readAll(t, `/v1.0/users/${USABLE.id}/transitiveMemberOf`)).toEqual([]);
  });

  it("is the mailbox, for those who have one", async () => {
    const without = aUser("nomail", { kind: "never" }, { mail: null });
    t = await aTenant({ users: [NEVER, without] });
    const read = (id: string, as = RESETTER) => t.call("GET", `/v1.0/users/${id}/mailboxSettings`, { as });

    expect((await read(NEVER.id)).body).toMatchObject({ userPurpose: "user", language: { locale: "de-DE" } });
    expect((await read(without.id)).text).toContain("MailboxNotEnabledForRESTAPI");
    expect((await read(SENDER.id.replace("2", "9"))).text).toContain("ErrorInvalidUser");
    expect((await read(NEVER.id, READER)).text).toContain("ErrorAccessDenied");
  });
});

describe("tenant 22: the report of one user", () => {
  it("is the row that the list has, and is not there before the report's run", async () => {
    t = await aTenant();
    const url = "/v1.0/reports/authenticationMethods/userRegistrationDetails";
    const row = (await readAll(t, url)).find(({ id }) => id === USABLE.id);
    const { body } = await t.call("GET", `${url}/${USABLE.id}`);
    expect(row).toMatchObject({ isMfaCapable: true });
    expect(body).toMatchObject({ ...row });

    const fresh = aUser("fred", { kind: "never" });
    await t.door("POST", `users/${fresh.id}`, { action: "create", user: { ...fresh, id: undefined } });
    expect((await t.call("GET", `${url}/${fresh.id}`)).status).toBe(404);
    t.clock.at += DAY_MS;
    expect((await t.call("GET", `${url}/${fresh.id}?$select=isMfaRegistered`)).body).toMatchObject({
      isMfaRegistered: false,
    });
  });
});

describe("tenant 36: the policies of the tenant", () => {
  it("are kept as they were changed, with their author in the audit, over a restart", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    const as = RESETTER;
    const defaults = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy";
    const methods = "policies/authenticationMethodsPolicy";
    expect((await t.call("GET", defaults)).body).toMatchObject({ isEnabled: false });

    expect((await t.call("PATCH", defaults, { as, body: { isEnabled: true } })).status).toBe(204);
    expect((await t.call("PATCH", defaults, { as: READER, body: { isEnabled: false } })).status).toBe(403);
    expect((await t.call("PATCH", defaults, { as, body: { isEnabled: "yes" }, bad: true })).status).toBe(400);
    const migrated = { policyMigrationState: "migrationInProgress" };
    expect((await t.call("PATCH", `/beta/${methods}`, { as, body: migrated })).status).toBe(204);
    const campaign = { state: "enabled", snoozeDurationInDays: 3, includeTargets: [], excludeTargets: [] };
    const registrationEnforcement = { authenticationMethodsRegistrationCampaign: campaign };
    expect((await t.call("PATCH", `/v1.0/${methods}`, { as, body: { registrationEnforcement } })).status).toBe(204);

    await t.tenant.close();
    t = await aTenant({ dataDir }, t.clock);
    expect((await t.call("GET", defaults)).body).toMatchObject({ isEnabled: true });
    expect((await t.call("GET", `/v1.0/${methods}`)).body).toMatchObject({ ...migrated, registrationEnforcement });
    expect(await auditsOf(t, "methods-policy")).toEqual(
      Array.from({ length: 2 }, () => `Authentication Methods Policy Update by ${as}`),
    );
  });

  it("say which methods the tenant allows, phones up to their end", async () => {
    t = await aTenant();
    const policy = z.object({
      authenticationMethodConfigurations: z.array(z.object({ id: z.string(), state: z.string() })),
    });
    const allowed = async (): Promise<string[]> => {
      const { body } = await t.call("GET", "/v1.0/policies/authenticationMethodsPolicy");
      const all = policy.parse(body).authenticationMethodConfigurations;
      return all.filter(({ state }) => state === "enabled").map(({ id }) => id);
    };
    const always = ["Fido2", "MicrosoftAuthenticator", "SoftwareOath", "TemporaryAccessPass"];
    expect((await allowed()).toSorted()).toEqual([...always, "Sms", "Voice"].toSorted());
    t.clock.at = Date.UTC(2027, 2, 1);
    expect((await allowed()).toSorted()).toEqual(always.toSorted());
  });

  it("list the strengths that every tenant has, and no eligible role", async () => {
    t = await aTenant();
    const filter = encodeURIComponent("policyType eq 'builtIn'");
    const strengths = await readAll(t, `/v1.0/policies/authenticationStrengthPolicies?$filter=${filter}`);
    expect(strengths.map(({ displayName }) => displayName)).toEqual([
      "Multifactor authentication",
      "Passwordless MFA",
      "Phishing-resistant MFA",
    ]);
    expect(await readAll(t, "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances")).toEqual([]);
  });
});
