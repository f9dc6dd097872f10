// Authentication methods: by type, deleted in their order, with a default.
import { afterEach, describe, expect, it } from "vitest";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import type { Ask, Reply, TestTenant } from "./a-tenant.ts";
import { aTenant, ENFORCER, NEVER, newFolder, PHONE, READER, RESETTER, SOON, USABLE } from "./a-tenant.ts";
import { auditsOf, readAll } from "./questions.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

const as = RESETTER;
const MOBILE = "3179e48a-750b-4051-897c-87b9720928f7";
const ALTERNATE = "b6332ec1-7057-4abe-9331-3d72feddfe41";
const path = (user: TenantUser, segment: string): string => `/v1.0/users/${user.id}/authentication/${segment}`;
const preferences = (user: TenantUser): string => `/beta/users/${user.id}/authentication/signInPreferences`;

const typesOf = async (user: TenantUser): Promise<unknown[]> => {
  const rows = await readAll(t, path(user, "methods"));
  return rows.map((row) => String(row["@odata.type"]).replace(/#microsoft.graph.|AuthenticationMethod$/gu, ""));
};
const register = async (user: TenantUser, ...methods: readonly string[]): Promise<void> => {
  for (const method of methods) {
    t.clock.at += 1_000;
    expect((await t.door("POST", `users/${user.id}`, { action: "register", method })).status).toBe(200);
  }
};
const remove = (user: TenantUser, segment: string, id: string, ask: Ask = { as }): Promise<Reply> =>
  t.call("DELETE", path(user, `${segment}/${id}`), ask);
const idOf = async (user: TenantUser, segment: string): Promise<string> =>
  String((await readAll(t, path(user, segment)))[0]?.["id"]);

describe("tenant 29: methods", () => {
  it("are listed with a password for all, and the registered ones by their types", async () => {
    t = await aTenant();
    await register(SOON, "phone", "passkey", "oath", "alternate-phone", "phone");

    expect(await typesOf(NEVER)).toEqual(["password"]);
    expect(await typesOf(USABLE)).toEqual(["password", "microsoftAuthenticator"]);
    expect(await typesOf(PHONE)).toEqual(["password", "phone"]);
    expect(await typesOf(SOON)).toEqual(["password", "phone", "fido2", "softwareOath", "phone"]);
  });

  it("are listed by kind, with the ids of phones that are the same for everybody", async () => {
    t = await aTenant();
    await register(PHONE, "alternate-phone");

    const phones = await readAll(t, path(PHONE, "phoneMethods"));
    expect(phones.map(({ id, phoneType }) => [id, phoneType])).toEqual([
      [MOBILE, "mobile"],
      [ALTERNATE, "alternateMobile"],
    ]);
    expect(await readAll(t, path(USABLE, "microsoftAuthenticatorMethods"))).toHaveLength(1);
    for (const kind of ["email", "windowsHelloForBusiness", "platformCredential", "externalAuthentication"]) {
      expect(await readAll(t, path(USABLE, `${kind}Methods`))).toEqual([]);
    }
    expect((await t.call("GET", path(PHONE, "phoneMethods"), { as: ENFORCER })).status).toBe(403);
  });

  it("go one by one, the default last, and a second deletion finds nothing", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    await register(USABLE, "oath");
    const [app, oath] = [
      await idOf(USABLE, "microsoftAuthenticatorMethods"),
      await idOf(USABLE, "softwareOathMethods"),
    ];

    const early = await remove(USABLE, "microsoftAuthenticatorMethods", app);
    expect([early.status, early.text]).toEqual([
      400,
      expect.stringContaining("cannot be deleted until the default authentication method is changed"),
    ]);
    expect((await remove(USABLE, "phoneMethods", oath)).status).toBe(404);
    expect((await remove(USABLE, "softwareOathMethods", oath)).status).toBe(204);
    expect((await remove(USABLE, "softwareOathMethods", oath)).status).toBe(404);
    expect((await remove(USABLE, "microsoftAuthenticatorMethods", app, { as: READER })).status).toBe(403);
    expect((await remove(USABLE, "microsoftAuthenticatorMethods", app)).status).toBe(204);

    await t.tenant.close();
    t = await aTenant({ dataDir }, t.clock);
    expect(await typesOf(USABLE)).toEqual(["password"]);
    expect(t.tenant.account().user(USABLE.id)).toMatchObject({ registeredAt: null, isMfaCapable: false });
    expect(await auditsOf(t, USABLE.id)).toEqual([
      `Admin deleted security info by ${as}`,
      `Admin deleted security info by ${as}`,
      `User registered security info by ${USABLE.userPrincipalName.split("@")[0] ?? ""}`,
    ]);
  });

  it("lose the alternate phone before the mobile one", async () => {
    t = await aTenant();
    await register(PHONE, "alternate-phone", "oath");
    expect((await t.call("PATCH", preferences(PHONE), { as, body: prefer("oath") })).status).toBe(204);

    expect((await remove(PHONE, "phoneMethods", MOBILE)).status).toBe(400);
    expect((await remove(PHONE, "phoneMethods", ALTERNATE)).status).toBe(204);
    expect((await remove(PHONE, "phoneMethods", MOBILE)).status).toBe(204);
    expect(await typesOf(PHONE)).toEqual(["password", "softwareOath"]);
  });

  it("have a default that can be chosen, among those that are there", async () => {
    t = await aTenant();
    await register(USABLE, "phone");
    const read = async (): Promise<unknown> => (await t.call("GET", preferences(USABLE), { as })).body;
    expect(await read()).toMatchObject({
      isSystemPreferredAuthenticationMethodEnabled: true,
      userPreferredMethodForSecondaryAuthentication: "push",
    });

    for (const chosen of ["voiceMobile", "oath"]) {
      expect((await t.call("PATCH", preferences(USABLE), { as, body: prefer(chosen) })).status).toBe(204);
      const shown = chosen === "oath" ? "push" : chosen; // of oath there is none
      expect(await read()).toMatchObject({ userPreferredMethodForSecondaryAuthentication: shown });
    }
    await t.call("PATCH", preferences(USABLE), {
      as,
      body: { isSystemPreferredAuthenticationMethodEnabled: false },
    });
    expect(await read()).toMatchObject({ isSystemPreferredAuthenticationMethodEnabled: false });
    expect((await t.call("PATCH", preferences(USABLE), { as, body: prefer("pigeon"), bad: true })).status).toBe(400);
    expect((await t.call("PATCH", preferences(USABLE), { as: READER, body: prefer("sms") })).status).toBe(403);
    expect((await t.call("GET", preferences(USABLE).replace("beta", "v1.0"), { as, bad: true })).status).toBe(404);
  });

  it("count by the strongest: an app and a phone are capable when a phone alone no longer is", async () => {
    t = await aTenant();
    await register(PHONE, "app");
    await register(NEVER, "app", "phone");
    t.clock.at = Date.UTC(2027, 2, 1);
    expect([PHONE, NEVER].map(({ id }) => t.tenant.account().user(id)?.isMfaCapable)).toEqual([true, true]);

    await remove(NEVER, "phoneMethods", MOBILE);
    await remove(PHONE, "microsoftAuthenticatorMethods", await idOf(PHONE, "microsoftAuthenticatorMethods"));
    expect([PHONE, NEVER].map(({ id }) => t.tenant.account().user(id)?.isMfaCapable)).toEqual([false, true]);
  });
});

function prefer(userPreferredMethodForSecondaryAuthentication: string): unknown {
  return { userPreferredMethodForSecondaryAuthentication };
}
