// One user through all steps on a virtual clock: what is done, when, and never before.
import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../../shared/domain/instant.ts";
import { aSpec, personId, populate } from "../support/memory-people.ts";
import { MemoryWorld, START } from "../support/memory-world.ts";

const ADA = personId(1);

async function runOne(registers: number | "before" | "never", spec = aSpec()): Promise<MemoryWorld> {
  const world = new MemoryWorld();
  populate(world, 1, () => registers);
  await world.apply(spec);
  await world.runToEnd(spec.rollout);
  return world;
}

describe("one user", () => {
  it("invariant 1: who registered before is told first, and bound by one write after the deadline in the mail", async () => {
    const world = await runOne("before");

    const [enrollment] = await world.enrollments("contoso");
    const ada = world.tenant.people.get(ADA);
    expect(ada?.writes).toEqual(["enforced"]);
    expect(ada?.mails).toHaveLength(1);
    expect(enrollment?.state).toMatchObject({ phase: "enforced", how: "written" });
    const { at: toldAt, mail } = ada?.mails[0] ?? { at: 0, mail: null };
    // The wave begins at 08:00 in Berlin, an hour after the world.
    expect(toldAt).toBeGreaterThanOrEqual(START + HOUR_MS);
    expect(mail?.subject).not.toBe("");
    const enforcedAt = enrollment?.state.phase === "enforced" ? enrollment.state.enforcedAt : 0;
    expect(enforcedAt).toBeGreaterThanOrEqual(toldAt + 14 * DAY_MS);
    expect(enforcedAt).toBeLessThan(toldAt + 15 * DAY_MS);
  });

  it("who registers after being enabled is enforced by their own act, which is recorded as observed and not written again", async () => {
    const world = await runOne(3);

    const [enrollment] = await world.enrollments("contoso");
    expect(world.tenant.people.get(ADA)?.writes).toEqual(["enabled"]);
    expect(enrollment?.state).toMatchObject({ phase: "enforced", how: "observed" });
    expect(enrollment?.prior).toMatchObject({ kind: "observed", mfaState: "disabled" });
  });

  it("who never registers is never bound, and ends as the spec says, after its wait", async () => {
    const excluded = await runOne("never");
    const failed = await runOne("never", aSpec({ unregistered: { waitDays: 14, then: "fail", reason: "" } }));

    const [left] = await excluded.enrollments("contoso");
    expect(left?.state).toMatchObject({ phase: "excluded", reason: "not registered in time" });
    const leftAt = left?.state.phase === "excluded" ? left.state.at : 0;
    expect(leftAt).toBeGreaterThanOrEqual(START + 28 * DAY_MS);
    expect(excluded.tenant.people.get(ADA)?.writes).toEqual(["enabled"]);
    const [lost] = await failed.enrollments("contoso");
    expect(lost?.state).toMatchObject({ phase: "failed", reason: "not-registered" });
  });

  it("who is enforced by somebody else in the meantime is left alone", async () => {
    const world = new MemoryWorld();
    populate(world, 1, () => "before");
    await world.apply(aSpec());
    world.at(START + 2 * DAY_MS, () => world.tenant.write(ADA, "enforced"));
    await world.runToEnd("contoso");

    const [enrollment] = await world.enrollments("contoso");
    expect(enrollment?.state).toMatchObject({ phase: "enforced" });
    // One write is the admin's.
    expect(world.tenant.people.get(ADA)?.writes).toEqual(["enforced"]);
  });

  it("who leaves the tenant is left out, with that reason", async () => {
    const world = new MemoryWorld();
    populate(world, 1, () => "never");
    await world.apply(aSpec());
    world.at(START + 2 * DAY_MS, () => world.tenant.remove(ADA));
    await world.runToEnd("contoso");

    const [enrollment] = await world.enrollments("contoso");
    expect(enrollment?.state).toMatchObject({ phase: "excluded" });
  });
});

describe("the pool of senders", () => {
  it("comes from the app setting where there is one, in place of the spec's", async () => {
    const world = new MemoryWorld({ noticeSenders: ["pool@contoso.example"] });
    populate(world, 3, () => "before");
    await world.apply(aSpec());
    await world.runToEnd("contoso");

    const senders = [...world.tenant.people.values()].flatMap(({ mails }) => mails.map(({ sender }) => sender));
    expect(senders).toEqual(Array.from({ length: 3 }, () => "pool@contoso.example"));
  });
});

describe("invariant 2: break-glass accounts", () => {
  it("with fewer than two valid ones nothing runs, and it goes on when they are valid again", async () => {
    const world = new MemoryWorld();
    populate(world, 1, () => "before");
    await world.apply(aSpec());
    const valid = world.tenant.breakGlass.splice(0, 2);
    world.tenant.breakGlass.push(...valid.map((account, index) => ({ ...account, enabled: index > 0 })));
    while (world.clock.now() < START + DAY_MS) await world.step();
    expect(world.tenant.counted("write-state") + world.tenant.counted("mail")).toBe(0);

    world.tenant.breakGlass.splice(0, 2, ...valid);
    await world.runToEnd("contoso");

    expect(world.tenant.people.get(ADA)?.writes).toEqual(["enforced"]);
  });
});
