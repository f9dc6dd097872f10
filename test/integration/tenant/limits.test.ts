// Quotas, tokens and mailboxes: what the tenant takes, what it refuses, and what it says about it.
import { afterEach, describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import { Quota } from "../../../apps/local/tenant/quota.ts";
import { Mailboxes } from "../../../apps/local/tenant/mailboxes.ts";
import { Tokens } from "../../../apps/local/tenant/tokens.ts";
import type { Reply, TestTenant } from "./a-tenant.ts";
import {
  aTenant,
  aUser,
  ENFORCER,
  fetchToken,
  mailTo,
  NEVER,
  NOTIFIER,
  requirements,
  SENDER,
  setState,
  START,
} from "./a-tenant.ts";

let t: TestTenant | undefined;
afterEach(async () => {
  await t?.tenant.close();
  t = undefined;
});

const WRITE = { service: "auth-methods", resourceUnits: 1, writes: 1 } as const;
const base = { enabled: true, tenantId: "t", seed: 1, userCount: 1_000, authMethodsPer150s: null, otherAppsLoad: 0 };

function allowedOf(quota: Quota, app: string, tries: number, now: number): number {
  let allowed = 0;
  for (let i = 0; i < tries; i++) if (quota.meter(app, WRITE, now).kind === "allowed") allowed++;
  return allowed;
}

describe("tenant 10: the documented write quotas", () => {
  it("lets an app write 3,000 times at once, then 20 a second, and counts refused calls", () => {
    const quota = new Quota(base, START);
    expect(allowedOf(quota, "a", 3_500, START)).toBe(3_000);
    // 500 refused calls went into debt: ten seconds' worth of refill do not even pay for it.
    expect(allowedOf(quota, "a", 300, START + 10 * SECOND_MS)).toBe(0);
    // The debt is bounded, so a client that stops hammering is let in again.
    expect(allowedOf(quota, "a", 10_000, START + 10 * MINUTE_MS)).toBe(3_000);
  });

  it("lets all apps together write 18,000 times in 5 minutes, less what others use", () => {
    const apps = Array.from({ length: 7 }, (_, i) => `app${i}`);
    const total = (load: number): number => {
      const quota = new Quota({ ...base, otherAppsLoad: load }, START);
      let allowed = 0;
      // Units are per 10 s: two bites keep below them.
      for (const app of apps) allowed += allowedOf(quota, app, 3_000, START);
      return allowed;
    };
    expect(total(0)).toBe(18_000);
    expect(total(0.5)).toBe(9_000);
  });

  it("holds authentication methods to their own limit where one is configured, and nothing where quotas are off", () => {
    const slow = new Quota({ ...base, authMethodsPer150s: 75 }, START);
    expect(allowedOf(slow, "a", 200, START)).toBe(75);
    const off = new Quota({ ...base, enabled: false }, START);
    expect(allowedOf(off, "a", 20_000, START)).toBe(20_000);
  });

  it("may be given another size, and be drained by another program: the room stays, the refill is slower", () => {
    const small = new Quota({ ...base, writesPer150s: 300 }, START);
    expect(allowedOf(small, "a", 400, START)).toBe(300);
    const beside = new Quota({ ...base, writesDrain: 0.4 }, START);
    expect(allowedOf(beside, "a", 3_000, START)).toBe(3_000);
    expect(allowedOf(beside, "a", 120, START + 10 * SECOND_MS)).toBe(120);
    expect(allowedOf(beside, "a", 1, START + 10 * SECOND_MS)).toBe(0);
  });

  it("count the write steps that came, and those that they refused", async () => {
    const users = Array.from({ length: 20 }, (_, i) => aUser(`user${i}`, { kind: "never" }));
    t = await aTenant({ users, knobs: { writesPer150s: 15 } });
    await t.batch(users.map((user) => setState(user, "enabled")));
    expect(t.tenant.stats()).toMatchObject({ writes: 15, meteredWrites: 20, throttledWrites: 5 });
  });

  it("meters each step of a batch by itself and says how to go on in the step's headers", async () => {
    const users = Array.from({ length: 20 }, (_, i) => aUser(`user${i}`, { kind: "never" }));
    t = await aTenant({ users, knobs: { authMethodsPer150s: 12 } });
    const answers = await t.batch(users.map((user) => setState(user, "enabled")));
    const refused = answers.filter(({ status }) => status === 429);
    expect([answers.length - refused.length, refused.length]).toEqual([12, 8]);
    expect(t.tenant.stats()).toMatchObject({ writes: 12, throttled: 8, requests: 1, steps: 20 });
    const names = refused.map(({ headers }) => Object.keys(headers).map((name) => name.toLowerCase()));
    expect(names.every((list) => list.includes("x-ms-throttle-scope"))).toBe(true);
    expect(names.some((list) => list.includes("retry-after"))).toBe(true);
  });
});

describe("tenant 11: throttle headers", () => {
  it("names the cost always and the used share from 80 % on", async () => {
    t = await aTenant();
    const reply = await t.call("GET", "/v1.0/users?$top=50");
    expect(reply.headers.get("x-ms-resource-unit")).toBe("2");
    expect((await t.call("GET", "/v1.0/users?$select=id&$top=5")).headers.get("x-ms-resource-unit")).toBe("1");
    const quota = new Quota(base, START);
    allowedOf(quota, "a", 2_399, START);
    expect(quota.meter("a", WRITE, START)).toMatchObject({ headers: { "x-ms-throttle-limit-percentage": "0.8" } });
  });
});

describe("tenant 12: the report", () => {
  it("is answered five times in ten seconds", async () => {
    t = await aTenant();
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await readReport(t)).status);
    t.clock.at += 10 * SECOND_MS;
    statuses.push((await readReport(t)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 200]);
  });
});

describe("tenant 14: Retry-After", () => {
  it("is mostly seconds, sometimes a date, sometimes absent, and never opens too late for the quota", () => {
    const quota = new Quota({ ...base, authMethodsPer150s: 1 }, START);
    const forms = { seconds: 0, date: 0, none: 0 };
    for (let i = 0; i < 300; i++) {
      const metered = quota.meter("a", WRITE, START);
      if (metered.kind === "allowed") continue;
      const value = metered.answer.headers["Retry-After"];
      forms[value === undefined ? "none" : /^\d+$/u.test(value) ? "seconds" : "date"]++;
      if (value?.endsWith("GMT") === true) expect(Date.parse(value)).toBeGreaterThan(START);
    }
    expect(forms.seconds).toBeGreaterThan(200);
    expect(Math.min(forms.date, forms.none), JSON.stringify(forms)).toBeGreaterThan(5);
  });
});

describe("tenant 8: tokens", () => {
  it("refuses no token, a bad one, one for another audience, and a wrong identity header", async () => {
    t = await aTenant();
    const codes: unknown[] = [];
    for (const authorization of ["", "Bearer a.b.c", `Bearer ${await t.token(ENFORCER)}x`]) {
      const response = await fetch(`${t.tenant.url}/beta${requirements(NEVER)}`, { headers: { authorization } });
      codes.push([response.status, await response.json()]);
    }
    for (const code of codes) expect(code).toMatchObject([401, { error: { code: "InvalidAuthenticationToken" } }]);
    await expect(fetchToken(t.tenant, ENFORCER, "wrong")).rejects.toThrow();
    await expect(fetchToken(t.tenant, "nobody")).rejects.toThrow();
  });

  it("expire by the wall clock, however far the virtual clock jumps", async () => {
    let wall = START;
    const identities = [{ clientId: ENFORCER, roles: ["A", "Application Mail.Send"] }];
    const tokens = new Tokens({ tenantId: "t", identityHeader: "h", identities, lifetimeS: 60, wallNow: () => wall });
    const query = new URLSearchParams({ resource: "https://graph.microsoft.com/", client_id: ENFORCER });
    const token = /"access_token":"([^"]+)"/u.exec(JSON.stringify(tokens.issue("h", query).body))?.[1] ?? "";
    expect(tokens.check(`Bearer ${token}`)).toMatchObject({ clientId: ENFORCER });
    expect(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).not.toContain("Mail.Send");
    wall += 60 * SECOND_MS;
    expect(tokens.check(`Bearer ${token}`)).toMatchObject({ status: 401 });

    t = await aTenant();
    await t.token(ENFORCER);
    t.clock.at += 100 * DAY_MS;
    expect((await t.batch([setState(NEVER, "enabled")]))[0]?.status).toBe(204);
  });
});

describe("tenant 19: a mailbox runs four sends at once", () => {
  it("refuses the fifth parallel send, and takes it when the others are done", async () => {
    t = await aTenant({ latencyMs: { median: 200, sigma: 0 } });
    const { call } = t;
    await t.token(NOTIFIER);
    const send = async (): Promise<Reply> =>
      call("POST", `/v1.0/users/${SENDER.id}/sendMail`, { as: NOTIFIER, body: mailTo("nora@contoso.example") });
    const replies = await Promise.all(Array.from({ length: 6 }, send));
    expect(replies.map(({ status }) => status).toSorted()).toEqual([202, 202, 202, 202, 429, 429]);
    expect(replies.find(({ status }) => status === 429)?.body).toMatchObject({
      error: { code: "ApplicationThrottled" },
    });
    expect((await send()).status).toBe(202);
  });
});

describe("tenant 20: a mailbox's pace", () => {
  it("delivers 30 a minute, then late, then bounces, and no more than 10,000 recipients in a day", () => {
    const mailboxes = new Mailboxes([SENDER], true, 3);
    const send = (now: number, recipients = 1): number | null => {
      const arrivesAt = mailboxes.arrival(SENDER, recipients, now);
      const to = Array.from({ length: recipients }, () => "a@b.example");
      mailboxes.apply(
        {
          t: "mail",
          at: now,
          sender: SENDER.id,
          by: "a",
          to,
          rollout: null,
          notice: null,
          enrollment: null,
          subject: "",
          arrivesAt,
        },
        0,
      );
      return arrivesAt;
    };
    const delays = Array.from({ length: 100 }, () => send(START)).map((at) =>
      at === null ? "bounced" : at - START > MINUTE_MS ? "late" : "soon",
    );
    expect(new Set(delays.slice(0, 30))).toEqual(new Set(["soon"]));
    expect(new Set(delays.slice(30, 60))).toEqual(new Set(["late"]));
    expect(new Set(delays.slice(60))).toEqual(new Set(["late", "bounced"]));
    for (let i = 1; i <= 19; i++) expect(send(START + i * HOUR_MS, 500)).not.toBeNull();
    expect(send(START + 20 * HOUR_MS, 500)).toBeNull();
    expect(send(START + 2 * DAY_MS, 500)).not.toBeNull();
  });
});

describe("tenant 21: senders and recipients", () => {
  it("knows no strange sender, and takes a bad recipient with 202 and a report to the sender", async () => {
    t = await aTenant();
    const { call } = t;
    const send = async (from: string, to: string): Promise<Reply> =>
      call("POST", `/v1.0/users/${from}/sendMail`, { as: NOTIFIER, body: mailTo(to) });
    expect((await send("nobody", "a@b.example")).body).toMatchObject({ error: { code: "ErrorInvalidUser" } });
    expect((await send(NEVER.id, "a@b.example")).body).toMatchObject({ error: { code: "ErrorAccessDenied" } });
    const good = await send(SENDER.id, "nowhere@b.example");
    expect([good.status, good.text]).toEqual([202, ""]);
    expect(t.tenant.account().mailboxes).toMatchObject([{ sent: 1, delivered: 0, undeliverable: 1 }]);
  });
});

async function readReport(own: TestTenant): Promise<Reply> {
  return own.call("GET", "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999");
}
