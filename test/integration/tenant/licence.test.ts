// A tenant without Entra ID P1, sign-ins of one with it, and Conditional Access.
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { DAY_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { TestTenant } from "./a-tenant.ts";
import { aTenant, aUser, HELPDESK, NEVER, READER, setState } from "./a-tenant.ts";
import { auditsOf, readAll } from "./questions.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

const REPORT = "/v1.0/reports/authenticationMethods/userRegistrationDetails";
const POLICIES = "/v1.0/identity/conditionalAccess/policies";

describe("tenant 9: a tenant without P1", () => {
  it("refuses the report, sign-ins and signInActivity, and shows everything else", async () => {
    t = await aTenant({ knobs: { licence: "free" } });
    for (const path of [REPORT, "/v1.0/auditLogs/signIns", "/v1.0/users?$select=id,signInActivity"]) {
      const reply = await t.call("GET", path);
      expect([reply.status, reply.body], path).toMatchObject([
        403,
        { error: { code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant" } },
      ]);
    }
    const fine = ["/v1.0/users", "/v1.0/auditLogs/directoryAudits", `/v1.0/users/${NEVER.id}/authentication/methods`];
    for (const path of fine) expect((await t.call("GET", path)).status, path).toBe(200);
    const [organization] = await readAll(t, "/v1.0/organization");
    expect(organization).toMatchObject({ assignedPlans: [] });
  });

  it("answers all three with it", async () => {
    t = await aTenant();
    for (const path of [REPORT, "/v1.0/auditLogs/signIns", "/v1.0/users?$select=id,signInActivity"])
      expect((await t.call("GET", path)).status, path).toBe(200);
  });
});

describe("tenant 33: sign-ins", () => {
  it("fail for a service account from the moment on that MFA is enforced, and for nobody else", async () => {
    const service = aUser("payroll.service", { kind: "never" });
    t = await aTenant({ users: [NEVER, service] });
    await t.batch([setState(NEVER, "enforced"), setState(service, "enforced")]);
    const enforcedAt = t.clock.at;
    t.clock.at += 15 * DAY_MS;
    const row = z.object({ createdDateTime: z.string(), userId: z.string(), status: z.object({ errorCode: z.int() }) });
    const all = (await readAll(t, "/v1.0/auditLogs/signIns")).map((one) => row.parse(one));
    const failed = all.filter(({ status }) => status.errorCode !== 0);
    expect(failed.length).toBeGreaterThan(4);
    expect(new Set(failed.map(({ userId }) => userId))).toEqual(new Set([service.id]));
    const own = all.filter(({ userId }) => userId === service.id);
    expect(own.map(({ createdDateTime }) => Date.parse(createdDateTime) >= enforcedAt)).toEqual(
      own.map(({ status }) => status.errorCode !== 0),
    );
    expect(own.some(({ status }) => status.errorCode === 0)).toBe(true);
  });
});

describe("tenant 13: Conditional Access", () => {
  const policy = {
    displayName: "MFA for the rollout",
    state: "enabledForReportingButNotEnforced",
    conditions: {
      users: { includeGroups: ["66666666-0000-4000-8000-000000000001"], excludeUsers: [NEVER.id] },
      applications: { includeApplications: ["All"] },
      clientAppTypes: ["all"],
    },
    grantControls: { operator: "OR", builtInControls: ["mfa"] },
  };

  it("takes one request a second of all apps together, and does not say when to come back", async () => {
    t = await aTenant();
    const statuses = [];
    for (const as of [READER, READER, HELPDESK]) {
      const reply = await t.call("GET", POLICIES, { as });
      statuses.push(reply.status);
      expect(reply.headers.get("retry-after")).toBeNull();
    }
    t.clock.at += 2 * SECOND_MS;
    statuses.push((await t.call("GET", POLICIES)).status);
    expect(statuses).toEqual([200, 429, 429, 200]);
  });

  it("keeps a policy: what is not sent stays, a collection that is sent replaces the old one", async () => {
    t = await aTenant({ quota: "off" });
    const as = HELPDESK;
    expect((await t.call("POST", POLICIES, { as, body: { displayName: "no state" }, bad: true })).status).toBe(400);
    expect((await t.call("POST", POLICIES, { as: READER, body: policy })).status).toBe(403);
    const made = await t.call("POST", POLICIES, { as, body: policy });
    const { id } = z.object({ id: z.string() }).parse(made.body);
    const conditions = { users: { includeGroups: [], excludeUsers: [] } };
    expect((await t.call("PATCH", `${POLICIES}/${id}`, { as, body: { state: "enabled", conditions } })).status).toBe(
      204,
    );
    expect((await t.call("GET", `${POLICIES}/${id}`)).body).toMatchObject({
      displayName: policy.displayName,
      state: "enabled",
      conditions: { users: { excludeUsers: [] }, clientAppTypes: ["all"] },
    });
    expect(await readAll(t, POLICIES)).toHaveLength(1);
    expect((await t.call("DELETE", `${POLICIES}/${id}`, { as })).status).toBe(204);
    expect((await t.call("GET", `${POLICIES}/${id}`)).status).toBe(404);
    expect(await auditsOf(t, id)).toHaveLength(3);
  });
});
