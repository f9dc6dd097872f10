// What stands in the tables once a rollout is applied, before the planner has ever looked.
import { describe, expect, it } from "vitest";
import { addPhases } from "../../../shared/domain/header.ts";
import { measureRollout } from "../../../shared/pipeline/measure-progress.ts";
import { aSpec, personId, populate } from "../../support/memory-people.ts";
import { MemoryWorld } from "../../support/memory-world.ts";

describe("apply", () => {
  it("saves how far everybody is, so that page and terminal show the excluded from the first moment", async () => {
    const world = new MemoryWorld();
    populate(world, 5, () => "before");
    const leaver = { kind: "id", id: personId(1) } as const;
    await world.apply(aSpec({ exclusions: [{ user: leaver, reason: "leaves in March" }] }));

    const view = await world.deps.rollouts.read("contoso");
    expect(view?.progress).toEqual(await measureRollout(world.deps, "contoso"));
    const phases = addPhases(view?.progress.map((wave) => wave.phases) ?? []);
    expect(phases).toMatchObject({ queued: 4, excluded: 1 });
  });
});
