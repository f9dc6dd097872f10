// `$batch`: what is refused as a whole, what each step says by itself, and what chance does to both.
import { afterEach, describe, expect, it } from "vitest";
import type { Step, StepAnswer, TestTenant } from "./a-tenant.ts";
import { aTenant, aUser, ENFORCER, NEVER, requirements, setState, USABLE } from "./a-tenant.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

const twenty = Array.from({ length: 20 }, (_, i) => aUser(`user${i}`, { kind: "never" }));
const asBody = (requests: readonly unknown[]): unknown => ({ requests });
const goodStep = { id: "1", method: "GET", url: requirements(NEVER) };

async function statusOf(requests: readonly unknown[]): Promise<number> {
  return (await t.call("POST", "/beta/$batch", { as: ENFORCER, body: asBody(requests), bad: true })).status;
}

describe("tenant 15: a batch that is refused as a whole", () => {
  it("refuses 21 steps, none, equal ids in any case, foreign URLs, a body without a type and an unknown parent", async () => {
    t = await aTenant();
    const bad: Readonly<Record<string, readonly unknown[]>> = {
      "21 steps": Array.from({ length: 21 }, (_, i) => ({ ...goodStep, id: String(i) })),
      none: [],
      "equal ids": [
        { ...goodStep, id: "a" },
        { ...goodStep, id: "A" },
      ],
      absolute: [{ ...goodStep, url: `${t.tenant.url}/beta${requirements(NEVER)}` }],
      versioned: [{ ...goodStep, url: `/beta${requirements(NEVER)}` }],
      "no type": [{ ...goodStep, method: "PATCH", body: { perUserMfaState: "enabled" } }],
      "unknown parent": [{ ...goodStep, dependsOn: ["9"] }],
    };
    const statuses: Record<string, number> = {};
    for (const [name, requests] of Object.entries(bad)) statuses[name] = await statusOf(requests);
    expect(new Set(Object.values(statuses)), JSON.stringify(statuses)).toEqual(new Set([400]));
    expect(await statusOf([goodStep])).toBe(200);
    expect(t.tenant.stats().refusals).toHaveLength(Object.keys(bad).length);
  });
});

describe("tenant 16: answers of a batch", () => {
  it("come in another order, with header names in any case, and each names its own step", async () => {
    t = await aTenant({ users: twenty });
    const answers = await t.batch(twenty.map((user) => setState(user, "enabled")));
    const ids = answers.map(({ id }) => id);
    expect(ids).not.toEqual(twenty.map(({ id }) => id));
    expect(ids.toSorted()).toEqual(twenty.map(({ id }) => id).toSorted());
    const names = new Set(answers.flatMap(({ headers }) => Object.keys(headers)));
    expect(names).toContain("x-ms-resource-unit");
    const reads = await t.batch(twenty.map((user) => ({ method: "GET", url: requirements(user) })));
    const types = new Set(
      reads.flatMap(({ headers }) => Object.keys(headers).filter((name) => /^content-type$/iu.test(name))),
    );
    expect(types).toEqual(new Set(["Content-Type", "content-type"]));
  });

  it("fail a dependant with 424 and do not run it", async () => {
    t = await aTenant();
    const steps: Step[] = [
      { ...setState(NEVER, "enabled", "child"), dependsOn: ["parent"] },
      { id: "parent", method: "GET", url: "/users/nobody/authentication/requirements" },
    ];
    const answers = await t.batch(steps);
    expect(Object.fromEntries(answers.map(({ id, status }) => [id, status]))).toEqual({ parent: 404, child: 424 });
    expect(t.tenant.account().user(NEVER.id)?.writes).toEqual([]);
  });
});

describe("tenant 17: mixtures and steps without an answer", () => {
  it("holds 204, 404, 429 and 5xx in one run, and every 204 was done and no 4xx was", async () => {
    t = await aTenant({
      users: twenty,
      faults: [
        { name: "throttle", rate: 0.3 },
        { name: "server-error", rate: 0.2 },
      ],
    });
    const seen = new Map<number, number>();
    for (let round = 0; round < 4; round++) {
      const state = round % 2 === 0 ? "enabled" : "disabled";
      const answers = await t.batch([...twenty.slice(1).map((user) => setState(user, state)), ghost()], {
        faulty: true,
      });
      for (const { id, status } of answers) {
        seen.set(status, (seen.get(status) ?? 0) + 1);
        const last = t.tenant.account().user(id)?.writes.at(-1);
        const done = last?.at === t.clock.at && last.requested === state;
        if (id !== "ghost") expect(done, `${id} ${status}`).toBe(status === 204);
      }
      t.clock.at += 1_000;
    }
    expect([...seen.keys()]).toEqual(expect.arrayContaining([204, 404, 429]));
    expect([...seen.keys()].some((status) => status >= 500)).toBe(true);
  });

  it("leaves out, doubles and invents answers, of full batches too", async () => {
    t = await aTenant({ users: twenty, faults: [] });
    const seen: Record<string, boolean> = {};
    for (const name of ["missing-step", "doubled-step", "unknown-step"]) {
      await t.door("POST", "faults", { faults: `${name}=0.3` });
      const answers = await t.batch(
        twenty.map((user) => setState(user, "enabled")),
        { faulty: true },
      );
      seen[name] = strange(name, answers);
      expect(answers.length).toBeLessThanOrEqual(20);
    }
    expect(seen).toEqual({ "missing-step": true, "doubled-step": true, "unknown-step": true });
  });
});

describe("tenant 18: whole answers that fail", () => {
  it("gives 429, HTML with 503 and 200, and 504 or a reset after the work was done", async () => {
    t = await aTenant();
    const outcomes: Record<string, unknown> = {};
    for (const name of ["throttle-envelope", "envelope-error", "html-200", "timeout-after-commit", "reset"]) {
      await t.door("POST", "faults", { faults: `${name}=1` });
      t.clock.at += 1_000;
      const got = await t
        .call("POST", "/beta/$batch", {
          as: ENFORCER,
          body: asBody([withType(setState(USABLE, "enforced"))]),
          faulty: true,
        })
        .then(({ status, text }) => `${status}${text.startsWith("<") ? " html" : ""}`)
        .catch(() => "reset");
      outcomes[name] = [
        got,
        t.tenant
          .account()
          .user(USABLE.id)
          ?.writes.some(({ at }) => at === t.clock.at),
      ];
    }
    expect(outcomes).toEqual({
      "throttle-envelope": ["429", false],
      "envelope-error": ["503 html", false],
      "html-200": ["200 html", false],
      "timeout-after-commit": ["504", true],
      reset: ["reset", true],
    });
  });
});

describe("tenant 35: faults are replayable", () => {
  it("gives the same answers to the same requests with the same seed, others with another", async () => {
    const run = async (seed: number): Promise<string> => {
      t = await aTenant({ seed, users: twenty, faults: [{ name: "throttle", rate: 0.5 }] });
      const answers = await t.batch(twenty.map((user) => setState(user, "enabled")));
      await t.tenant.close();
      return JSON.stringify(answers.map(({ id, status, headers }) => [id, status, headers]));
    };
    const first = await run(1);
    expect(await run(1)).toBe(first);
    expect(await run(2)).not.toBe(first);
    t = await aTenant();
  });

  it("lets latency pass in wall time, and a retried request get a new draw", async () => {
    t = await aTenant({ latencyMs: { median: 30, sigma: 0.1 }, faults: [{ name: "throttle", rate: 0.5 }] });
    const began = performance.now();
    const statuses = new Set<number>();
    for (let i = 0; i < 12; i++) statuses.add((await t.batch([setState(NEVER, "enabled")]))[0]?.status ?? 0);
    expect(performance.now() - began).toBeGreaterThan(12 * 15);
    expect(statuses).toEqual(new Set([204, 429]));
  });
});

function strange(name: string, answers: readonly StepAnswer[]): boolean {
  const asked = new Set(twenty.map(({ id }) => id));
  const ids = answers.map(({ id }) => id);
  if (name === "missing-step") return ids.length < 20;
  return name === "doubled-step" ? new Set(ids).size < ids.length : ids.some((id) => !asked.has(id));
}

function ghost(): Step {
  return {
    id: "ghost",
    method: "PATCH",
    url: "/users/nobody/authentication/requirements",
    body: { perUserMfaState: "enabled" },
  };
}

function withType(step: Step): unknown {
  return { ...step, headers: { "content-type": "application/json" } };
}
