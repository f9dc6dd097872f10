// Many small rollouts under random faults of tables, queue and Graph, from seeds that replay exactly. The tenant in memory is the witness.
import { afterAll, describe, expect, it } from "vitest";
import { Checks, countDuplicates, isMismatch, judgeUser } from "../../apps/local/run/judge-user.ts";
import type { Account } from "../../apps/local/run/judge-user.ts";
import type { Answer } from "../../shared/domain/failure.ts";
import { DAY_MS } from "../../shared/domain/instant.ts";
import { policyOf } from "../../shared/domain/spec.ts";
import type { MemoryFault } from "../../shared/memory/memory-faults.ts";
import type { TenantFault, TenantPerson } from "../../shared/memory/memory-tenant.ts";
import { SeededRandom } from "../../shared/memory/seeded-chance.ts";
import { aSpec, populate } from "../support/memory-people.ts";
import { MemoryWorld } from "../support/memory-world.ts";

// More of them by hand: FAULT_SEEDS=300 npx vitest run test/simulation/faults.test.ts
const SEEDS = Number(process.env["FAULT_SEEDS"] ?? 12);
const USERS = 12;
const RATES: Partial<Record<MemoryFault, number>> = {
  unavailable: 0.01,
  "lost-answer": 0.01,
  conflict: 0.01,
  "conflict-after-commit": 0.01,
  "empty-page": 0.05,
  "lost-message": 0.03,
  "doubled-message": 0.03,
};
const THROTTLED: Answer = { kind: "answered", status: 429, code: "TooManyRequests", retryAfterMs: 20_000 };
const BROKEN: Answer = { kind: "answered", status: 503, code: "ServiceUnavailable", retryAfterMs: 0 };
const NONE: Answer = { kind: "none" };

/** How often each state of interest was reached over all seeds: a run that never met it proves nothing about it. */
const reached = {
  enforced: 0,
  excluded: 0,
  uncertain: 0,
  lost: 0,
  doubled: 0,
  throttled: 0,
  doneAndLost: 0,
};

function graphFaults(seed: number): TenantFault {
  const random = new SeededRandom(seed);
  return (call) => {
    const draw = random.next();
    if (draw < 0.05) {
      reached.throttled += 1;
      return { answer: THROTTLED, done: false };
    }
    if (draw < 0.08) return { answer: BROKEN, done: false };
    if (draw < 0.1) {
      reached.doneAndLost += call === "mail" || call === "write-state" ? 1 : 0;
      return { answer: NONE, done: true };
    }
    return draw < 0.105 ? "unavailable" : null;
  };
}

async function runSeed(seed: number): Promise<MemoryWorld> {
  const world = new MemoryWorld({ seed });
  const spec = aSpec({
    waves: [
      { id: "pilot", selector: { kind: "users", users: ["person1@contoso.example"] }, start: "2026-03-02T08:00" },
      { id: "rest", selector: { kind: "share", percent: 100 }, start: "2026-03-06T08:00" },
    ],
  });
  populate(world, USERS, (index) => (index % 4 === 0 ? "never" : index % 4 === 1 ? "before" : index / 2));
  await world.apply(spec);
  world.faults.setRates(RATES);
  world.tenant.fault = graphFaults(seed);
  await world.runToEnd(spec.rollout, 200 * DAY_MS);
  // Judged in peace.
  world.faults.setRates({});
  world.tenant.fault = () => null;
  return world;
}

function accountOf({ user, mfaState, registration, writes, mails }: TenantPerson, writtenAt: number): Account {
  return {
    id: user.id,
    mfaState,
    isBreakGlass: false,
    registeredAt: registration === "none" ? null : 0,
    // The tenant in memory keeps no times: `enabled` is judged as if at the start, when nobody but those had registered.
    writes: writes.map((requested) => ({ at: requested === "enforced" ? writtenAt : 0, requested })),
    mails: mails.map(({ at, mail }) => ({ at, rollout: mail.rollout, notice: mail.notice })),
  };
}

describe("under faults of every kind", () => {
  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
    "seed %i: invariants 3, 4 and 5: everybody ends, no notice comes twice, and the rows are as the tenant is",
    async (seed) => {
      const world = await runSeed(seed);
      const policy = policyOf(aSpec());
      const enrollments = await world.enrollments("contoso");
      expect(enrollments.map(({ userId }) => userId).sort()).toEqual([...world.tenant.people.keys()].sort());
      const checks = new Checks();
      for (const enrollment of enrollments) {
        const person = world.tenant.people.get(enrollment.userId);
        if (person === undefined) throw new Error("nobody left this tenant");
        const { state } = enrollment;
        const account = accountOf(person, state.phase === "enforced" ? state.enforcedAt : world.clock.now());
        expect(isMismatch(enrollment, account), JSON.stringify([enrollment, account])).toBe(false);
        expect(countDuplicates(account)).toBe(0);
        judgeUser(checks, enrollment, account, policy);
        reached.uncertain += enrollment.notices.filter(({ outcome }) => outcome === "uncertain").length;
        if (state.phase === "enforced" || state.phase === "excluded") reached[state.phase] += 1;
      }
      expect(checks.violations).toEqual([]);
      expect(checks.checked).toBeGreaterThan(USERS);
      reached.lost += world.faults.struck("lost-message");
      reached.doubled += world.faults.struck("doubled-message");
    },
  );

  afterAll(() => {
    for (const [what, times] of Object.entries(reached)) expect(times, what).toBeGreaterThan(0);
  });
});
