// Queries of users that go to an index, and the changes since a token.
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import { generateUsers } from "../../../apps/local/tenant/generate.ts";
import type { TestTenant } from "./a-tenant.ts";
import { aTenant, NEVER, PHONE, SOON, USABLE } from "./a-tenant.ts";
import { makeFaults, readAll } from "./questions.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

// The reader of the contract takes $orderby for a list, the contract for a text: not held to it.
const ASK = { eventual: true, bad: true };

describe("tenant 26: advanced queries", () => {
  const paths = [
    "/v1.0/users?$count=true",
    `/v1.0/users?$filter=${encodeURIComponent("userType ne 'Guest'")}`,
    `/v1.0/users?$filter=${encodeURIComponent("endswith(mail,'@contoso.example')")}`,
    `/v1.0/users?$filter=${encodeURIComponent("not(department eq 'IT')")}`,
    `/v1.0/users?$search=${encodeURIComponent('"displayName:nora"')}`,
    `/v1.0/users?$orderby=displayName&$filter=${encodeURIComponent("accountEnabled eq true")}`,
  ];

  it("are refused without their header, or without $count", async () => {
    t = await aTenant();
    for (const path of paths) {
      const refused = await t.call("GET", path, { bad: true });
      expect([refused.status, refused.body], path).toMatchObject([
        400,
        { error: { code: "Request_UnsupportedQuery" } },
      ]);
    }
    expect((await t.call("GET", paths[1] ?? "", { eventual: true })).status).toBe(400);
    const inBatch = { id: "a", method: "GET", url: "/users?$count=true", headers: { ConsistencyLevel: "eventual" } };
    const reply = await t.call("POST", "/v1.0/$batch", {
      body: { requests: [inBatch, { ...inBatch, id: "b", headers: {} }] },
    });
    const { responses } = z
      .object({ responses: z.array(z.object({ id: z.string(), status: z.int() })) })
      .parse(reply.body);
    expect(Object.fromEntries(responses.map(({ id, status }) => [id, status]))).toEqual({ a: 200, b: 400 });
  });

  it("count, deny, sort and search over all pages", async () => {
    t = await aTenant();
    t.clock.at += HOUR_MS;
    const ids = async (query: string): Promise<unknown[]> =>
      (await readAll(t, `/v1.0/users?$count=true&$select=id,displayName&${query}`, ASK)).map((row) => row["id"]);
    const named = `$filter=${encodeURIComponent("endswith(mail,'@contoso.example')")}`;
    expect(await ids(`${named}&$top=1&$orderby=displayName`)).toEqual([NEVER, PHONE, SOON, USABLE].map(({ id }) => id));
    expect(await ids(`$search=${encodeURIComponent('"displayName:nora"')}`)).toEqual([NEVER.id]);
    const notSales = `$filter=${encodeURIComponent("department ne 'Sales'")}`;
    expect(await ids(notSales)).toHaveLength(2);
    const counted = await t.call("GET", `/v1.0/users?$count=true&$top=1&${notSales}`, { eventual: true });
    expect(counted.body).toMatchObject({ "@odata.count": 2 });
  });

  it("read an index that is behind, while a plain query is not", async () => {
    t = await aTenant();
    await t.door("POST", `users/${NEVER.id}`, { action: "delete" });
    await t.door("POST", `users/${USABLE.id}`, { action: "set-account-enabled", enabled: false });
    const enabled = encodeURIComponent("accountEnabled eq true");
    const behind = (): Promise<readonly unknown[]> =>
      readAll(t, `/v1.0/users?$count=true&$select=id&$filter=${enabled}`, { eventual: true });
    expect(await readAll(t, `/v1.0/users?$select=id&$filter=${enabled}`)).toHaveLength(4);
    expect(await behind()).toHaveLength(6);
    t.clock.at += 2 * MINUTE_MS;
    expect(await behind()).toHaveLength(4);
  });
});

describe("tenant 27: delta", () => {
  const page = z.object({
    value: z.array(z.looseObject({ id: z.string(), "@removed": z.object({ reason: z.string() }).optional() })),
    "@odata.nextLink": z.string().optional(),
    "@odata.deltaLink": z.string().optional(),
  });
  type Rows = z.infer<typeof page>["value"];

  async function round(path: string): Promise<{ rows: Rows; link: string; pages: number }> {
    const rows: Rows = [];
    let pages = 0;
    for (let next = path; ;) {
      const read = page.parse((await t.call("GET", next)).body);
      rows.push(...read.value);
      pages++;
      const link = read["@odata.nextLink"] ?? read["@odata.deltaLink"] ?? "";
      next = link.slice(t.tenant.url.length);
      if (read["@odata.deltaLink"] !== undefined) return { rows, link: next, pages };
    }
  }

  it("tells everybody in pages, in another order, some twice; then only who changed, and who is gone for how long", async () => {
    const users = generateUsers({ count: 50, seed: 2 });
    t = await aTenant({ users, knobs: { pageMax: 20, deltaRepeats: 0.3 } });
    const first = await round("/v1.0/users/delta?$select=displayName");
    const ids = first.rows.map(({ id }) => id);
    expect(first.pages).toBeGreaterThan(2);
    expect(new Set(ids).size).toBe(52);
    expect(ids.length).toBeGreaterThan(52);
    expect([...new Set(ids)].slice(2, 12)).not.toEqual(users.slice(0, 10).map(({ id }) => id));
    expect(Object.keys(first.rows[0] ?? {}).sort()).toEqual(["displayName", "id"]);

    expect((await round(first.link)).rows).toEqual([]);
    const [gone, renamed] = users;
    await t.door("POST", `users/${gone?.id ?? ""}`, { action: "delete" });
    await makeFaults(t, "user-renamed=1");
    await t.call("GET", `/v1.0/users/${renamed?.id ?? ""}`);
    await makeFaults(t, "none");
    const second = await round(first.link);
    expect(new Set(second.rows.map((row) => `${row.id} ${row["@removed"]?.reason ?? "there"}`))).toEqual(
      new Set([`${gone?.id ?? ""} changed`, `${renamed?.id ?? ""} there`]),
    );
    const later = second.link;
    t.clock.at += 6 * DAY_MS;
    expect((await round(later)).rows).toEqual([]);
  });

  it("says of a user who cannot be restored any more that it is deleted", async () => {
    t = await aTenant({ knobs: { deltaRepeats: 0 } });
    await t.door("POST", `users/${NEVER.id}`, { action: "delete" });
    t.clock.at += 25 * DAY_MS;
    const { link, rows } = await round("/v1.0/users/delta?$deltatoken=latest");
    expect(rows).toEqual([]);
    await t.door("POST", `users/${USABLE.id}`, { action: "delete" });
    t.clock.at += 5 * DAY_MS - 1;
    const removed = (id: string, reason: string): unknown => ({ id, "@removed": { reason } });
    expect((await round(link)).rows).toEqual([removed(USABLE.id, "changed")]);
    t.clock.at += 1;
    const both = (await round(link)).rows;
    expect(both).toHaveLength(2);
    expect(both).toEqual(expect.arrayContaining([removed(NEVER.id, "deleted"), removed(USABLE.id, "changed")]));
  });

  it("refuses a token of more than seven days, and any token when the knob says so", async () => {
    t = await aTenant({ knobs: { pageMax: 3 } });
    const { link, rows } = await round("/v1.0/users/delta?$deltatoken=latest");
    expect(rows).toEqual([]);
    const next = page.parse((await t.call("GET", "/v1.0/users/delta")).body)["@odata.nextLink"] ?? "";
    t.clock.at += 7 * DAY_MS + 1;
    for (const late of [link, next.slice(t.tenant.url.length)]) {
      const old = await t.call("GET", late);
      expect([old.status, old.body]).toMatchObject([400, { error: { code: "syncStateNotFound" } }]);
    }
    expect((await t.call("GET", "/v1.0/users/delta?$top=5")).status).toBe(400);
    await t.tenant.close();
    t = await aTenant({ knobs: { deltaGone: true } });
    const gone = await t.call("GET", (await round("/v1.0/users/delta")).link);
    expect(gone.status).toBe(410);
    expect(gone.headers.get("location")).toContain("/users/delta");
  });
});
