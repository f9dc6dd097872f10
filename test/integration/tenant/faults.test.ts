// Each fault of the tenant in the vocabulary, made on demand: what a client sees, and what was done.
import { afterEach, describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../../../shared/domain/instant.ts";
import { FAULT_NAMES, isFaultOf } from "../../../apps/local/faults/vocabulary.ts";
import type { StepAnswer, TestTenant } from "./a-tenant.ts";
import { aTenant, aUser, mailTo, NEVER, NOTIFIER, SENDER, setState, USABLE } from "./a-tenant.ts";
import { makeFaults, readAll } from "./questions.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

const REPORT = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999";
const twenty = Array.from({ length: 20 }, (_, i) => aUser(`user${i}`, { kind: "never" }));

describe("tenant 35: each fault of the vocabulary can be made, and counts what it made", () => {
  it("makes all of them", async () => {
    const seen: Record<string, number> = {};
    for (const name of FAULT_NAMES.filter((one) => isFaultOf(one, "tenant"))) {
      t = await aTenant();
      if (name === "user-restored") await t.door("POST", `users/${NEVER.id}`, { action: "delete" });
      await makeFaults(t, `${name}=1`);
      const faulty = { faulty: true };
      for (const path of ["/v1.0/users", REPORT]) await t.call("GET", path, faulty).catch(() => null);
      await t.batch([setState(USABLE, "enforced")], faulty).catch(() => null);
      const mail = { method: "POST", url: `/users/${SENDER.id}/sendMail`, body: mailTo("a@b.example") };
      await t.batch([mail], { ...faulty, as: NOTIFIER }).catch(() => null);
      seen[name] = t.tenant.stats().faults[name] ?? 0;
      await t.tenant.close();
    }
    t = await aTenant();
    expect(Object.keys(seen)).toHaveLength(20);
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  });
});

describe("tenant 22: a report that is not what it should be", () => {
  const reportIds = async (): Promise<readonly unknown[]> => {
    t.clock.at += 10_000;
    return (await readAll(t, "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=7")).map(
      (row) => row["id"],
    );
  };

  it("is three days old, lacks half of the people on all of its pages, or is not there", async () => {
    t = await aTenant({ users: twenty });
    t.clock.at += 10 * DAY_MS;
    const all = await reportIds();
    expect(all).toHaveLength(22);
    await makeFaults(t, "report-stale=1");
    const [row] = await readAll(t, REPORT);
    const age = t.clock.at - Date.parse(String(row?.["lastUpdatedDateTime"]));
    expect([age >= 3 * DAY_MS, age < 3 * DAY_MS + 4 * HOUR_MS]).toEqual([true, true]);
    await makeFaults(t, "report-half=1");
    const half = await reportIds();
    expect(half.length).toBeGreaterThan(4);
    expect(half.length).toBeLessThan(18);
    expect(new Set(half).size).toBe(half.length);
    expect(all).toEqual(expect.arrayContaining([...half]));
    await makeFaults(t, "report-absent=1");
    expect(await reportIds()).toEqual([]);
    await makeFaults(t, "none");
    expect(await reportIds()).toEqual(all);
  });
});

describe("tenant 14: a drawn 429", () => {
  it("gives seconds, a decimal, a date, 0, nothing, and an absurd span", async () => {
    t = await aTenant({ users: twenty, quota: "off", faults: [{ name: "throttle", rate: 1 }] });
    const forms: Record<string, number> = {};
    for (let round = 0; round < 20; round++) {
      const answers = await t.batch(twenty.map((user) => setState(user, "enabled")));
      for (const { status, headers } of answers) {
        expect(status).toBe(429);
        const form = formOf(Object.entries(headers).find(([name]) => name.toLowerCase() === "retry-after")?.[1]);
        forms[form] = (forms[form] ?? 0) + 1;
      }
    }
    expect(Object.keys(forms).sort()).toEqual(["0", "absent", "absurd", "date", "decimal", "seconds"]);
    expect(t.tenant.stats().writes).toBe(0);
  });
});

function formOf(value: string | undefined): string {
  if (value === undefined) return "absent";
  if (value === "0") return "0";
  if (/^\d+\.\d+$/u.test(value)) return "decimal";
  if (/^\d+$/u.test(value)) return Number(value) >= 3_600 ? "absurd" : "seconds";
  expect(Date.parse(value)).toBeGreaterThan(t.clock.at);
  return "date";
}

describe("tenant 18: faults of one step", () => {
  /** The whole envelope may time out, too: another seed then. */
  const answered = async (
    name: "timeout-after-commit" | "server-error",
    rate: number,
  ): Promise<readonly StepAnswer[]> => {
    for (let seed = 1; seed <= 20; seed++) {
      t = await aTenant({ seed, users: twenty, faults: [{ name, rate }] });
      const answers = await t
        .batch(
          twenty.map((user) => setState(user, "enforced")),
          { faulty: true },
        )
        .catch(() => null);
      if (answers !== null) return answers;
      await t.tenant.close();
    }
    throw new Error("no envelope of twenty seeds was answered");
  };

  it("answers 504 after the work, and 5xx without it", async () => {
    const seen: unknown[] = [];
    for (const [name, rate] of [
      ["timeout-after-commit", 0.4],
      ["server-error", 1],
    ] as const) {
      const failed = (await answered(name, rate)).filter(({ status }) => status >= 500);
      expect(failed.length).toBeGreaterThan(2);
      const writes = failed.map(({ id }) => t.tenant.account().user(id)?.writes.length);
      seen.push([new Set(failed.map(({ status }) => status)), new Set(writes)]);
      await t.tenant.close();
    }
    t = await aTenant();
    expect(seen).toEqual([
      [new Set([504]), new Set([1])],
      [new Set([500, 502, 503]), new Set([0])],
    ]);
  });
});

describe("tenant 20: a mail whose answer is lost", () => {
  it("is sent, and its step is missing", async () => {
    t = await aTenant({ faults: [{ name: "lost-answer", rate: 1 }] });
    const step = { method: "POST", url: `/users/${SENDER.id}/sendMail`, body: mailTo("nora@contoso.example") };
    expect(await t.batch([step, setState(NEVER, "enabled", "b")], { as: NOTIFIER, faulty: true })).toMatchObject([
      { id: "b" },
    ]);
    expect(t.tenant.account().mailboxes).toMatchObject([{ sent: 1 }]);
  });
});
