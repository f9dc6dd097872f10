// Groups, Temporary Access Passes and the end of sessions.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { Reply, TestTenant } from "./a-tenant.ts";
import { aTenant, aUser, HELPDESK, NEVER, newFolder, READER, SOON, USABLE } from "./a-tenant.ts";
import { auditsOf, readAll } from "./questions.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

const as = HELPDESK;
const twenty = Array.from({ length: 21 }, (_, i) => aUser(`user${i}`, { kind: "never" }));
const reference = (id: string): string => `https://graph.microsoft.com/v1.0/directoryObjects/${id}`;
const bind = (ids: readonly string[]): unknown => ({ "members@odata.bind": ids.map(reference) });

describe("tenant 28: groups", () => {
  const create = async (more: Record<string, unknown> = {}): Promise<string> => {
    const body = { displayName: "MFA", mailEnabled: false, mailNickname: "mfa", securityEnabled: true, ...more };
    const made = await t.call("POST", "/v1.0/groups", { as, body });
    expect(made.status).toBe(201);
    return z.object({ id: z.string() }).parse(made.body).id;
  };
  const add = (group: string, ids: readonly string[], bad = false): Promise<Reply> =>
    t.call("PATCH", `/v1.0/groups/${group}`, { as, body: bind(ids), bad });
  const members = async (group: string, path = "members/microsoft.graph.user"): Promise<unknown[]> =>
    (await readAll(t, `/v1.0/groups/${group}/${path}?$select=id&$top=3`, { as })).map((row) => row["id"]);

  it("take 20 members a request, all or none, and show them late; over a restart, too", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir, users: twenty });
    const group = await create();
    const ids = twenty.map(({ id }) => id);
    expect((await add(group, ids, true)).status).toBe(400);
    expect((await add(group, ids.slice(0, 20))).status).toBe(204);
    expect(await members(group)).toEqual([]);
    t.clock.at += 30 * SECOND_MS;
    expect(await members(group)).toEqual(ids.slice(0, 20));
    expect(await members(group, "transitiveMembers")).toEqual(ids.slice(0, 20));

    const present = await add(group, [ids[20] ?? "", ids[3] ?? ""]);
    expect([present.status, present.body]).toMatchObject([
      400,
      {
        error: {
          code: "Request_BadRequest",
          message:
            "One or more added object references already exist for the following modified properties: 'members'.",
        },
      },
    ]);
    expect((await add(group, [ids[20] ?? "", "99999999-0000-4000-8000-000000000001"])).status).toBe(400);
    await t.tenant.close();
    t = await aTenant({ dataDir, users: twenty }, t.clock);
    t.clock.at += HOUR_MS;
    expect(await members(group)).toEqual(ids.slice(0, 20));
    expect(await auditsOf(t, group)).toEqual([`Add member to group by ${as}`, `Add group by ${as}`]);
  });

  it("add and remove one by one, late as well", async () => {
    t = await aTenant();
    const group = await create();
    const url = `/v1.0/groups/${group}/members`;
    const one = { as, body: { "@odata.id": reference(NEVER.id) } };
    expect((await t.call("POST", `${url}/$ref`, one)).status).toBe(204);
    expect((await t.call("POST", `${url}/$ref`, one)).status).toBe(400);
    t.clock.at += MINUTE_MS;
    expect((await t.call("DELETE", `${url}/${NEVER.id}/$ref`, { as })).status).toBe(204);
    expect(await members(group)).toEqual([NEVER.id]);
    t.clock.at += MINUTE_MS;
    expect(await members(group)).toEqual([]);
    expect((await t.call("DELETE", `${url}/${NEVER.id}/$ref`, { as })).text).toContain("do not exist");
    // Without /$ref it would be the user who goes: nothing here answers to that.
    expect((await t.call("DELETE", `${url}/${NEVER.id}`, { as, bad: true })).status).toBe(404);
    expect((await t.call("PATCH", `/v1.0/groups/${group}`, { as: READER, body: bind([NEVER.id]) })).status).toBe(403);
  });

  it("refuse where a rule or the mail system sets the members", async () => {
    t = await aTenant();
    const dynamic = await create({ groupTypes: ["DynamicMembership"], membershipRule: 'user.department -eq "IT"' });
    const mail = await create({ mailEnabled: true });
    expect((await add(dynamic, [NEVER.id])).status).toBe(400);
    expect((await add(mail, [NEVER.id])).status).toBe(400);
  });
});

describe("tenant 30: a Temporary Access Pass", () => {
  const passes = (user = NEVER): string => `/v1.0/users/${user.id}/authentication/temporaryAccessPassMethods`;
  const create = (body: unknown = {}, user = NEVER): Promise<Reply> => t.call("POST", passes(user), { as, body });
  const made = z.object({ id: z.string(), temporaryAccessPass: z.string().min(8), lifetimeInMinutes: z.int() });

  it("is shown once, is in no log, is replaced by the next, and goes", async () => {
    const dataDir = newFolder();
    t = await aTenant({ dataDir });
    const first = made.parse((await create()).body);
    const second = made.parse((await create({ lifetimeInMinutes: 480, isUsableOnce: true })).body);
    expect([first.lifetimeInMinutes, second.lifetimeInMinutes]).toEqual([60, 480]);
    const listed = await t.call("GET", passes(), { as });
    expect(listed.body).toMatchObject({ value: [{ id: second.id, temporaryAccessPass: null, isUsable: true }] });
    const told = [
      readFileSync(join(dataDir, "tenant.log"), "utf8"),
      (await t.door("GET", "account")).text,
      listed.text,
    ];
    for (const { temporaryAccessPass } of [first, second]) {
      expect(told.filter((text) => text.includes(temporaryAccessPass))).toEqual([]);
    }
    const methods = await t.call("GET", `/v1.0/users/${NEVER.id}/authentication/methods`);
    expect(methods.text).toContain("temporaryAccessPassAuthenticationMethod");
    t.clock.at += 8 * HOUR_MS;
    expect((await t.call("GET", passes(), { as })).body).toMatchObject({ value: [{ isUsable: false }] });
    const later = await t.call("GET", `/v1.0/users/${NEVER.id}/authentication/methods`);
    expect(later.text).not.toContain("temporaryAccessPassAuthenticationMethod");
    expect((await t.call("DELETE", `${passes()}/${first.id}`, { as })).status).toBe(404);
    expect((await t.call("DELETE", `${passes()}/${second.id}`, { as })).status).toBe(204);
    expect((await t.call("DELETE", `${passes()}/${second.id}`, { as })).status).toBe(404);
  });

  it("obeys its bounds and the policy, is not for guests, and needs its permission", async () => {
    const guest = aUser("guest", { kind: "never" }, { userType: "Guest" });
    t = await aTenant({ users: [NEVER, guest] });
    expect((await t.call("POST", passes(), { as, body: { lifetimeInMinutes: 9 }, bad: true })).status).toBe(400);
    for (const minutes of [59, 481]) expect((await create({ lifetimeInMinutes: minutes })).status).toBe(400);
    expect((await create({}, guest)).status).toBe(400);
    expect((await t.call("POST", passes(), { as: READER, body: {} })).status).toBe(403);
    await t.tenant.close();
    t = await aTenant({ knobs: { tapEnabled: false } });
    expect((await create()).status).toBe(400);
  });
});

describe("tenant 31: sessions are revoked", () => {
  it("for a member, with true; for a guest the answer is the same and nothing happens", async () => {
    const guest = aUser("guest", { kind: "never" }, { userType: "Guest" });
    t = await aTenant({ users: [USABLE, SOON, guest] });
    for (const { id } of [USABLE, guest]) {
      const reply = await t.call("POST", `/v1.0/users/${id}/revokeSignInSessions`, { as });
      expect([reply.status, reply.body]).toMatchObject([200, { value: true }]);
    }
    const since = async (id: string): Promise<number> => {
      const reply = await t.call("GET", `/v1.0/users/${id}?$select=signInSessionsValidFromDateTime`);
      const body = z.object({ signInSessionsValidFromDateTime: z.string() }).parse(reply.body);
      return Date.parse(body.signInSessionsValidFromDateTime);
    };
    expect(await since(USABLE.id)).toBe(t.clock.at);
    for (const { id } of [SOON, guest]) expect(await since(id)).toBeLessThan(t.clock.at);
    expect((await t.call("POST", `/v1.0/users/${SOON.id}/revokeSignInSessions`, { as: READER })).status).toBe(403);
    expect(await auditsOf(t, USABLE.id)).toHaveLength(1);
    expect(await auditsOf(t, guest.id)).toEqual([]);
  });
});
