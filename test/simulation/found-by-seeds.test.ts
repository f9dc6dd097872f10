// Bugs that `npm run simulate` has found, each as the shortest story that shows it.
import { describe, expect, it } from "vitest";
import type { EnrollmentEvent } from "../../shared/domain/event.ts";
import { DAY_MS, HOUR_MS } from "../../shared/domain/instant.ts";
import { saveSheet } from "../../shared/pipeline/save-batch.ts";
import { Sheet } from "../../shared/pipeline/sheet.ts";
import { aSpec, personId, populate } from "../support/memory-people.ts";
import { MemoryWorld, START } from "../support/memory-world.ts";

const ADA = personId(1);
const ADDRESS = { rollout: "contoso", wave: "all", batch: 0 };

/** A person's act on the only user there is. */
async function act(world: MemoryWorld, event: EnrollmentEvent): Promise<void> {
  const batch = await world.deps.batches.load(ADDRESS);
  const policy = (await world.deps.control.readControl()).value.rollouts[0]?.policy;
  if (batch === null || policy === undefined) throw new Error("no such batch");
  const sheet = new Sheet(batch, policy);
  sheet.apply(0, event);
  await saveSheet(world.deps, sheet, { actor: "anna", cause: event.kind, nudgeAt: 0 });
}

async function runUntil(world: MemoryWorld, at: number): Promise<void> {
  while (world.clock.now() < at) await world.step();
}

describe("found by seeds", () => {
  it("invariant 1: who registers while excluded and is reinstated is not enabled, which would bind at once", async () => {
    const world = new MemoryWorld();
    populate(world, 1, () => "never");
    await world.apply(aSpec({ waves: aSpec().waves.map((wave) => ({ ...wave, start: "2026-03-09T08:00" })) }));
    await act(world, { kind: "excluded", reason: "on leave", at: world.clock.now() });
    await runUntil(world, START + DAY_MS);
    world.tenant.register(ADA);
    await runUntil(world, START + 3 * DAY_MS);

    await act(world, { kind: "reinstated", at: world.clock.now() });
    await runUntil(world, START + 7 * DAY_MS + 2 * HOUR_MS);

    const person = world.tenant.people.get(ADA);
    expect(person?.mails).toHaveLength(1);
    expect(person?.writes).toEqual([]);
    expect(person?.mfaState).toBe("disabled");
  });
});
