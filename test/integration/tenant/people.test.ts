// People, lists and the report; what survives a restart; and what the witness tells.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import { parseFaults } from "../../../apps/local/faults/parse-faults.ts";
import { parseFlags } from "../../../apps/local/tenant/flags.ts";
import { generateUsers } from "../../../apps/local/tenant/generate.ts";
import type { TestTenant } from "./a-tenant.ts";
import {
  aTenant,
  aUser,
  BREAK_GLASS,
  ENFORCER,
  mailTo,
  NEVER,
  newFolder,
  NOTIFIER,
  PHONE,
  requirements,
  SENDER,
  setState,
  SOON,
  START,
} from "./a-tenant.ts";
import type { Row } from "./questions.ts";
import { readAll } from "./questions.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

const REPORT = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999";
async function reportRow(id: string): Promise<Row | undefined> {
  t.clock.at += 10_000; // the report's own limit
  return (await readAll(t, REPORT)).find((row) => row["id"] === id);
}
async function notify(address: string): Promise<void> {
  const headers = { "x-mfa-rollout": "r1", "x-mfa-notice": "first-notice", "x-mfa-enrollment": "e1" };
  await t.call("POST", `/v1.0/users/${SENDER.id}/sendMail`, { as: NOTIFIER, body: mailTo(address, headers) });
}

describe("tenant 22: the report is old", () => {
  it("shows a registration only after the next run, and says when it ran", async () => {
    t = await aTenant();
    await notify("sam@contoso.example");
    t.clock.at += 2 * DAY_MS + MINUTE_MS;
    await t.door("POST", `users/${NEVER.id}`, { action: "register" });
    const before = await reportRow(NEVER.id);
    expect(before).toMatchObject({ isMfaRegistered: false, isMfaCapable: false });
    expect(Date.parse(String(before?.["lastUpdatedDateTime"]))).toBeLessThan(t.clock.at);
    t.clock.at += 4 * HOUR_MS;
    expect(await reportRow(NEVER.id)).toMatchObject({ isMfaRegistered: true, isMfaCapable: true });
    expect(await reportRow(SOON.id)).toMatchObject({ isMfaCapable: true });
  });

  it("has new users late and disabled ones often not", async () => {
    const disabled = Array.from({ length: 40 }, (_, i) =>
      aUser(`off${i}`, { kind: "never" }, { accountEnabled: false }),
    );
    t = await aTenant({ users: [NEVER, ...disabled] });
    const id = "55555555-0000-4000-8000-000000000001";
    await t.door("POST", `users/${id}`, {
      action: "create",
      user: { ...NEVER, userPrincipalName: "new@contoso.example" },
    });
    expect(await reportRow(id)).toBeUndefined();
    const rows = (await readAll(t, REPORT)).length;
    expect(rows).toBeGreaterThan(3);
    expect(rows).toBeLessThan(30);
    t.clock.at += 9 * HOUR_MS;
    expect(await reportRow(id)).toBeDefined();
  });
});

describe("tenant 23 and 34: phones end on 2027-02-01", () => {
  it("keeps a phone-only user registered and takes the capability", async () => {
    t = await aTenant();
    expect(await reportRow(PHONE.id)).toMatchObject({
      isMfaRegistered: true,
      isMfaCapable: true,
      methodsRegistered: ["mobilePhone"],
    });
    t.clock.at = Date.UTC(2027, 1, 1, 5);
    expect(await reportRow(PHONE.id)).toMatchObject({ isMfaRegistered: true, isMfaCapable: false });
    expect(t.tenant.account().user(PHONE.id)?.isMfaCapable).toBe(false);
  });
});

describe("tenant 24: pages", () => {
  it("reads everybody once, over short and empty pages, on the tenant's own origin", async () => {
    const users = generateUsers({ count: 95, seed: 5 });
    t = await aTenant({ users, faults: [{ name: "empty-page", rate: 0.4 }] });
    const ids = (await readAll(t, "/v1.0/users?$select=id&$top=10")).map((row) => row["id"]);
    expect(ids).toEqual([...BREAK_GLASS, ...users].map(({ id }) => id));
    expect(t.tenant.stats().faults["empty-page"]).toBeGreaterThan(0);
  });

  it("lets page tokens expire", async () => {
    t = await aTenant();
    const link = /"@odata.nextLink":"([^"]+)"/u.exec((await t.call("GET", "/v1.0/users?$top=2")).text)?.[1] ?? "";
    t.clock.at += HOUR_MS + 1;
    const late = await t.call("GET", link.slice(t.tenant.url.length));
    expect([late.status, late.body]).toMatchObject([400, { error: { code: "Directory_ExpiredPageToken" } }]);
  });
});

describe("tenant 25: properties", () => {
  it("gives the default eleven without $select and just the asked ones with it", async () => {
    t = await aTenant();
    const [first] = await readAll(t, "/v1.0/users");
    expect(Object.keys(first ?? {})).toHaveLength(11);
    const filter = encodeURIComponent(`id eq '${NEVER.id}' and accountEnabled eq true`);
    const rows = await readAll(t, `/v1.0/users?$select=id,accountEnabled,department,assignedPlans&$filter=${filter}`);
    expect(rows).toMatchObject([{ id: NEVER.id, accountEnabled: true, department: "Sales" }]);
    expect(Object.keys(rows[0] ?? {})).toHaveLength(4);
    expect((await t.call("GET", "/v1.0/users?$filter=startswith(mail,'a')")).status).toBe(400);
  });
});

describe("tenant 33: people register at their own pace", () => {
  it("counts from the first notice that arrived, and never without one", async () => {
    t = await aTenant();
    await t.call("POST", `/v1.0/users/${SENDER.id}/sendMail`, {
      as: NOTIFIER,
      body: mailTo("sam@contoso.example", {}),
    });
    t.clock.at += 5 * DAY_MS;
    expect(t.tenant.account().user(SOON.id)?.registeredAt).toBeNull();
    await notify("SAM@contoso.example");
    await notify("nora@contoso.example");
    t.clock.at += 30 * DAY_MS;
    const sam = t.tenant.account().user(SOON.id);
    expect(sam?.mails.map(({ notice, rollout, enrollment }) => [notice, rollout, enrollment])).toEqual([
      [null, null, null],
      ["first-notice", "r1", "e1"],
    ]);
    expect(sam?.registeredAt).toBe((sam?.mails[1]?.arrivesAt ?? 0) + 2 * DAY_MS);
    expect(t.tenant.account().user(NEVER.id)).toMatchObject({ registeredAt: null, isMfaCapable: false });
  });

  it("generates a mixture that is the same for the same seed", async () => {
    t = await aTenant();
    const users = generateUsers({ count: 20_000, seed: 9 });
    const share = (test: (user: (typeof users)[number]) => boolean): number => users.filter(test).length / users.length;
    expect(users.slice(0, 50)).toEqual(generateUsers({ count: 50, seed: 9 }));
    expect(new Set(users.map(({ id }) => id)).size).toBe(users.length);
    expect(share(({ registration }) => registration.kind === "phone-only")).toBeCloseTo(0.06, 1);
    expect(share(({ registration }) => registration.kind === "never")).toBeCloseTo(0.04, 1);
    expect(share(({ userPrincipalName }) => userPrincipalName.includes("#EXT#"))).toBeCloseTo(0.03, 1);
    const seen = {
      disabled: share(({ accountEnabled }) => !accountEnabled),
      noMail: share(({ mail }) => mail === null),
      on: share(({ mfaState }) => mfaState !== "disabled"),
    };
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(0.003);
  });
});

describe("tenant 24b: roles and licences, for the gates", () => {
  it("shows the emergency accounts as Global Administrators, enabled and cloud-only", async () => {
    t = await aTenant();
    const filter = encodeURIComponent("roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'");
    const held = await readAll(t, `/v1.0/roleManagement/directory/roleAssignments?$filter=${filter}`);
    expect(held.map((row) => row["principalId"])).toEqual(BREAK_GLASS.map(({ id }) => id));
    const [role] = await readAll(t, "/v1.0/directoryRoles");
    expect(await readAll(t, `/v1.0/directoryRoles/${String(role?.["id"])}/members`)).toHaveLength(2);
    const user = await t.call(
      "GET",
      `/v1.0/users/${BREAK_GLASS[0]?.id ?? ""}?$select=accountEnabled,onPremisesSyncEnabled`,
    );
    expect(user.body).toMatchObject({ accountEnabled: true, onPremisesSyncEnabled: null });
    expect(await readAll(t, "/v1.0/organization")).toHaveLength(1);
    expect(await readAll(t, "/v1.0/subscribedSkus")).toHaveLength(1);
  });
});

describe("tenant 36: durable and witnessed", () => {
  it("comes back with states, mails and registrations, over a torn last line", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    await t.batch([setState(NEVER, "enforced")]);
    await notify("sam@contoso.example");
    await t.door("POST", `users/${NEVER.id}`, { action: "register", method: "passkey" });
    const before = [...t.tenant.account().users()];
    await t.tenant.close();
    appendFileSync(join(dataDir, "tenant.log"), '0badc0de {"t":"wri');

    t = await aTenant({ dataDir });
    expect([...t.tenant.account().users()]).toEqual(before);
    expect(t.tenant.account().mailboxes).toMatchObject([{ sent: 1, delivered: 1 }]);
    expect((await t.batch([setState(NEVER, "disabled")]))[0]?.status).toBe(204);
    await t.tenant.close();
    t = await aTenant({ dataDir });
    expect(t.tenant.account().user(NEVER.id)?.writes).toHaveLength(2);
  });

  it("does not refill the write quota by a restart", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    const twenty = Array.from({ length: 20 }, (_, i) => setState(NEVER, "enabled", String(i)));
    for (let i = 0; i < 121; i++) await t.batch(twenty);
    await t.tenant.close();

    t = await aTenant({ dataDir });
    const [answer] = await t.batch([setState(NEVER, "enabled")]);
    expect(answer?.headers).toMatchObject({ "x-ms-throttle-limit-percentage": "0.81" });
  });

  it("refuses a log that is damaged in the middle, and one of a newer version", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    for (const state of ["enabled", "disabled"]) await t.batch([setState(NEVER, state)]);
    await t.tenant.close();
    const path = join(dataDir, "tenant.log");
    writeFileSync(path, readFileSync(path, "utf8").replace('"enabled"', '"ENABLED"'));
    await expect(aTenant({ dataDir })).rejects.toThrow(/tenant\.log:2: this line is damaged/u);
    t = await aTenant();
  });

  it("streams the account of 5,000 people to the admin token alone", async () => {
    t = await aTenant({ users: generateUsers({ count: 5_000, seed: 1 }) });
    expect((await t.door("GET", "account", undefined, await t.token(ENFORCER))).status).toBe(401);
    const lines = (await t.door("GET", "account")).text.trimEnd().split("\n");
    expect(lines).toHaveLength(5_000 + BREAK_GLASS.length + 1);
    const page = (await t.door("GET", "account?from=2&top=3")).text.trimEnd().split("\n");
    expect(page).toEqual(lines.slice(2, 5));
  });

  it("keeps a request that Graph would refuse in its own list", async () => {
    t = await aTenant();
    await t.call("PATCH", `/beta${requirements(NEVER)}`, { as: ENFORCER, body: { perUserMfaState: "on" }, bad: true });
    expect(t.tenant.stats().refusals).toMatchObject([{ at: START, status: 400 }]);
  });
});

describe("tenant 35: the vocabulary of faults and flags", () => {
  it("takes mixes and names with rates, and suggests the nearest name for a wrong one", async () => {
    t = await aTenant();
    expect(parseFaults("none")).toEqual([]);
    expect(parseFaults("throttle=0.2,reset")).toEqual([
      { name: "throttle", rate: 0.2 },
      { name: "reset", rate: 0.01 },
    ]);
    expect(parseFaults("storm").length).toBeGreaterThan(3);
    expect(() => parseFaults("throtle")).toThrow('--faults: unknown fault "throtle". Did you mean "throttle"?');
    expect(() => parseFaults("throttle=2,strom")).toThrow(/no number from 0 to 1.*\n.*Did you mean "storm"/u);
  });

  it("reads the flags of npm run tenant and reports all faults at once", async () => {
    t = await aTenant();
    expect(parseFlags(["--users", "5", "--seed=3", "--speed", "60"])).toMatchObject({
      users: 5,
      seed: 3,
      speed: 60,
      port: 0,
    });
    expect(() => parseFlags(["--usres", "5", "--port", "x", "--quota", "of"])).toThrow(/--users.*\n.*--port.*\n.*off/u);
  });
});
