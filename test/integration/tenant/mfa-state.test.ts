// Per-user MFA as Graph keeps it: what a write stores, what moves by itself, and who may write at all.
import { afterEach, describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { TestTenant } from "./a-tenant.ts";
import { aTenant, ENFORCER, mailTo, NEVER, NOTIFIER, READER, requirements, SENDER, SOON, USABLE } from "./a-tenant.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

async function write(url: string, body: unknown, as = ENFORCER): Promise<number> {
  return (await t.call("PATCH", url, { as, body, bad: true })).status;
}
async function readState(user = NEVER): Promise<unknown> {
  return (await t.call("GET", `/beta${requirements(user)}`)).body;
}

describe("tenant 1: the endpoint is beta", () => {
  it("answers a write with 204 and no body, and on v1.0 knows no such path", async () => {
    t = await aTenant();
    const good = await t.call("PATCH", `/beta${requirements(NEVER)}`, {
      as: ENFORCER,
      body: { perUserMfaState: "enabled" },
    });
    expect([good.status, good.text]).toEqual([204, ""]);
    expect(await write(`/v1.0${requirements(NEVER)}`, { perUserMfaState: "disabled" })).toBe(404);
    expect(await readState()).toMatchObject({ perUserMfaState: "enabled" });
  });
});

describe("tenant 2: enabled and registered make enforced", () => {
  it("stores enforced for whoever is registered, and enabled for whoever is not", async () => {
    t = await aTenant();
    await write(`/beta${requirements(USABLE)}`, { perUserMfaState: "enabled" });
    await write(`/beta${requirements(NEVER)}`, { perUserMfaState: "enabled" });
    expect(await readState(USABLE)).toMatchObject({ perUserMfaState: "enforced" });
    expect(await readState(NEVER)).toMatchObject({ perUserMfaState: "enabled" });
  });

  it("moves an enabled user to enforced some minutes after the registration", async () => {
    t = await aTenant();
    await write(`/beta${requirements(SOON)}`, { perUserMfaState: "enabled" });
    await t.call("POST", `/v1.0/users/${SENDER.id}/sendMail`, { as: NOTIFIER, body: mailTo(SOON.mail ?? "") });
    t.clock.at += 2 * DAY_MS + MINUTE_MS;
    expect(t.tenant.account().user(SOON.id)).toMatchObject({ method: "app", mfaState: "enabled" });
    t.clock.at += 2 * MINUTE_MS;
    expect(await readState(SOON)).toMatchObject({ perUserMfaState: "enforced" });
  });

  it("leaves a share of re-enabled users enabled", async () => {
    t = await aTenant({ knobs: { staysEnabledShare: 1 } });
    for (const state of ["enabled", "disabled", "enabled"]) {
      await write(`/beta${requirements(USABLE)}`, { perUserMfaState: state });
    }
    t.clock.at += DAY_MS;
    expect(await readState(USABLE)).toMatchObject({ perUserMfaState: "enabled" });
    expect(
      t.tenant
        .account()
        .user(USABLE.id)
        ?.writes.map(({ stored }) => stored),
    ).toEqual(["enforced", "disabled", "enabled"]);
  });
});

describe("tenant 3: bodies that mean nothing", () => {
  it("accepts an unknown property without effect, and refuses an unknown value", async () => {
    t = await aTenant();
    expect(await write(`/beta${requirements(NEVER)}`, { perUserMFAState: "enforced" })).toBe(204);
    expect(await readState()).toMatchObject({ perUserMfaState: "disabled" });
    expect(await write(`/beta${requirements(NEVER)}`, { perUserMfaState: "Enforced" })).toBe(400);
    expect(t.tenant.account().user(NEVER.id)?.writes).toMatchObject([{ requested: null, stored: "disabled" }]);
  });
});

describe("tenant 4: reads may lag", () => {
  it("shows the old state for the configured span, and the witness the new one", async () => {
    t = await aTenant({ knobs: { readBackLagMs: 5_000 } });
    await write(`/beta${requirements(NEVER)}`, { perUserMfaState: "enforced" });
    expect(await readState()).toMatchObject({ perUserMfaState: "disabled" });
    expect(t.tenant.account().user(NEVER.id)?.mfaState).toBe("enforced");
    t.clock.at += 5_000;
    expect(await readState()).toMatchObject({ perUserMfaState: "enforced" });
  });
});

describe("tenant 5: users who are not there", () => {
  it("answers 404 for a deleted one, and now and then for one just created", async () => {
    t = await aTenant();
    await t.door("POST", `users/${NEVER.id}`, { action: "delete" });
    const gone = await t.call("GET", `/beta${requirements(NEVER)}`);
    expect([gone.status, gone.body]).toMatchObject([404, { error: { code: "Request_ResourceNotFound" } }]);

    const id = "55555555-0000-4000-8000-000000000001";
    await t.door("POST", `users/${id}`, {
      action: "create",
      user: { ...NEVER, userPrincipalName: "new@contoso.example" },
    });
    const statuses = new Set<number>();
    for (let i = 0; i < 40; i++) {
      t.clock.at += 10_000;
      statuses.add((await t.call("GET", `/v1.0/users/${id}`)).status);
    }
    expect(statuses).toEqual(new Set([200, 404]));
    t.clock.at += HOUR_MS;
    expect((await t.call("GET", `/v1.0/users/${id}`)).status).toBe(200);
  });
});

describe("tenant 6: paths", () => {
  it("cuts a path at # and resolves a user principal name", async () => {
    t = await aTenant();
    const [cut, named] = await t
      .batch(
        [
          { id: "a", method: "GET", url: "/users/nora@contoso.example#EXT#@x/authentication/requirements" },
          { id: "b", method: "GET", url: "/users/nora%40contoso.example/authentication/requirements" },
        ],
        { as: READER, bad: true }, // the contract knows the user resource on v1.0 only
      )
      .then((answers) => answers.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    expect(cut).toMatchObject({ status: 200, body: { userPrincipalName: "nora@contoso.example" } });
    expect(named).toMatchObject({ status: 200, body: { perUserMfaState: "disabled" } });
  });
});

describe("tenant 7: the token's roles decide", () => {
  it("refuses a write to the reader, the report to the enforcer, and protected people to everybody", async () => {
    t = await aTenant();
    const write403 = await t.call("PATCH", `/beta${requirements(NEVER)}`, { body: { perUserMfaState: "enabled" } });
    expect([write403.status, write403.body]).toMatchObject([403, { error: { code: "Authorization_RequestDenied" } }]);
    const report = "/v1.0/reports/authenticationMethods/userRegistrationDetails";
    const report403 = await t.call("GET", report, { as: ENFORCER });
    expect(report403.body).toMatchObject({ error: { code: "Authentication_MSGraphPermissionMissing" } });
    const mail403 = await t.call("POST", `/v1.0/users/${SENDER.id}/sendMail`, { body: mailTo("a@b.example") });
    expect(mail403.body).toMatchObject({ error: { code: "ErrorAccessDenied" } });
    await t.door("POST", `users/${NEVER.id}`, { action: "protect" });
    expect(await write(`/beta${requirements(NEVER)}`, { perUserMfaState: "enabled" })).toBe(403);
    expect(t.tenant.account().user(NEVER.id)?.writes).toEqual([]);
  });
});

describe("tenant 32: people change states, too", () => {
  it("records a person's change as such and shows it", async () => {
    t = await aTenant();
    await write(`/beta${requirements(NEVER)}`, { perUserMfaState: "enforced" });
    await t.door("POST", `users/${NEVER.id}`, { action: "set-mfa-state", state: "disabled" });
    expect(await readState()).toMatchObject({ perUserMfaState: "disabled" });
    expect(
      t.tenant
        .account()
        .user(NEVER.id)
        ?.writes.map(({ by }) => by),
    ).toEqual([ENFORCER, "human"]);
  });
});
