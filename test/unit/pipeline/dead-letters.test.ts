// Dead letters on memory ports: explained, replayed once, dismissed with a reason, and never acted upon when they are not ours.
import { describe, expect, it } from "vitest";
import { parseStepMessage } from "../../../shared/codec/step-message.ts";
import { Refusal } from "../../../shared/domain/refusal.ts";
import { dismissDeadLetter } from "../../../shared/pipeline/dismiss-dead-letter.ts";
import { explainDeadLetter, listDeadLetters } from "../../../shared/pipeline/read-dead-letters.ts";
import { receiveDeadLetter } from "../../../shared/pipeline/receive-nudge.ts";
import { replayDeadLetter } from "../../../shared/pipeline/replay-dead-letter.ts";
import { TENANT } from "../../support/memory-deps.ts";
import { aSpec, populate } from "../../support/memory-people.ts";
import { MemoryWorld } from "../../support/memory-world.ts";

const NUDGE = { v: 1, tenant: TENANT, rollout: "contoso", wave: "all", batch: 0, step: "enable" };
const WHO = { by: "Ada", because: "the bug is mended" };
const metadata = {
  messageId: "enable:contoso:all:0:1",
  deliveryCount: 10,
  deadLetterReason: "MaxDeliveryCountExceeded",
};

async function worldWithLetter(body: object = NUDGE, queue = "mfa-enable") {
  const world = new MemoryWorld();
  populate(world, 3, () => "before");
  await world.apply(aSpec());
  await receiveDeadLetter(world.deps, parseStepMessage(body), { queue, body, metadata });
  const [letter] = (await listDeadLetters(world.deps, { rollout: null, state: null })).letters;
  if (letter === undefined) throw new Error("no letter");
  return { world, place: { rollout: letter.rollout, id: letter.id } };
}

const phasesOf = async (world: MemoryWorld): Promise<readonly string[]> =>
  (await world.enrollments("contoso")).map(({ state }) => state.phase);
const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "it was not refused",
    (error: unknown) => error,
  );

describe("a dead letter", () => {
  it("is explained: what it was, why it was given up, whom it concerned and how they stand now", async () => {
    const { world, place } = await worldWithLetter();

    const told = await explainDeadLetter(world.deps, place);

    expect(told).toMatchObject({
      cause: "tried-too-often",
      state: "open",
      step: { rollout: "contoso", wave: "all", batch: 0, step: "enable" },
      replay: { possible: true, because: "It gives 3 users back to their step." },
    });
    expect(told.users.map(({ phase, was, reason }) => `${phase} ${String(was)} ${String(reason)}`)).toEqual(
      Array.from({ length: 3 }, () => "failed queued dead-lettered"),
    );
  });

  it("is replayed once: its users go on, a second replay moves nobody, and the letter says who and why", async () => {
    const { world, place } = await worldWithLetter();
    expect(await phasesOf(world)).toEqual(["failed", "failed", "failed"]);

    const first = await replayDeadLetter(world.deps, { ...place, ...WHO });
    const seq = await world.deps.batches.readSeq({ rollout: "contoso", wave: "all", batch: 0 });
    const second = await replayDeadLetter(world.deps, { ...place, by: "Ben", because: "again" });

    expect(first).toMatchObject({ result: "replayed", by: "Ada" });
    expect(first.moved).toHaveLength(3);
    expect(second).toMatchObject({ result: "already-replayed", by: "Ada", moved: [] });
    expect(await world.deps.batches.readSeq({ rollout: "contoso", wave: "all", batch: 0 })).toBe(seq);
    expect((await world.deps.deadLetters.find(place))?.deeds).toMatchObject([{ kind: "replayed", ...WHO }]);
    await world.runToEnd("contoso");
    expect(await phasesOf(world)).toEqual(["enforced", "enforced", "enforced"]);
  });

  it("that was torn between the rows and the letter is replayed again, and nobody is moved twice", async () => {
    const { world, place } = await worldWithLetter();
    const addDeed = world.deps.deadLetters.addDeed.bind(world.deps.deadLetters);
    world.deps.deadLetters.addDeed = () => Promise.reject(new Error("killed"));
    await expect(replayDeadLetter(world.deps, { ...place, ...WHO })).rejects.toThrow("killed");
    world.deps.deadLetters.addDeed = addDeed;

    const again = await replayDeadLetter(world.deps, { ...place, ...WHO });

    expect(again).toMatchObject({ result: "replayed", moved: [] });
    expect(await phasesOf(world)).toEqual(["queued", "queued", "queued"]);
  });

  it("is dismissed with who and why, its users stay, and it cannot be replayed then", async () => {
    const { world, place } = await worldWithLetter();

    expect(await dismissDeadLetter(world.deps, { ...place, ...WHO })).toMatchObject({ result: "dismissed", by: "Ada" });
    expect(await dismissDeadLetter(world.deps, { ...place, ...WHO })).toMatchObject({ result: "already-dismissed" });

    const refused = await refusal(replayDeadLetter(world.deps, { ...place, ...WHO }));
    expect(refused).toBeInstanceOf(Refusal);
    expect(String(refused)).toContain("It was dismissed by Ada: the bug is mended");
    expect(await phasesOf(world)).toEqual(["failed", "failed", "failed"]);
  });

  it("that does not exist, or was replayed, is refused with a text that says what to do", async () => {
    const { world, place } = await worldWithLetter();
    await replayDeadLetter(world.deps, { ...place, ...WHO });

    const [gone, done] = await Promise.all([
      refusal(replayDeadLetter(world.deps, { rollout: null, id: "20260302070000000_0000000000000000", ...WHO })),
      refusal(dismissDeadLetter(world.deps, { ...place, ...WHO })),
    ]);

    expect(gone).toMatchObject({ kind: "not-found" } satisfies Partial<Refusal>);
    expect(done).toMatchObject({ kind: "not-possible" } satisfies Partial<Refusal>);
  });

  it.each([
    ["another tenant", { ...NUDGE, tenant: "somebody-else" }, "mfa-enable"],
    ["another step", NUDGE, "mfa-notify"],
    ["no build of ours", { ...NUDGE, v: 9 }, "mfa-enable"],
  ])("invariant 3: of %s marks no user, and is not replayed", async (_whose, body, queue) => {
    const { world, place } = await worldWithLetter(body, queue);

    expect(await phasesOf(world)).toEqual(["queued", "queued", "queued"]);
    const refused = await refusal(replayDeadLetter(world.deps, { ...place, ...WHO }));
    expect(refused).toBeInstanceOf(Refusal);
    expect((await explainDeadLetter(world.deps, place)).replay.possible).toBe(false);
  });
});
