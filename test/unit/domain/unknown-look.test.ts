// A look at Graph that is answered, and says nothing, is a try like any other: it is counted, and the next one waits.
import { expect, it } from "vitest";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import { newEnrollment } from "../../../shared/domain/enrollment.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { DAY_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { MfaState, UserId } from "../../../shared/domain/names.ts";
import { RETRY } from "../../../shared/domain/policy.ts";
import type { RegistrationValue } from "../../../shared/domain/registration.ts";
import { MemoryDirectory } from "../../../shared/memory/memory-directory.ts";
import { enableBatch } from "../../../shared/pipeline/enable-batch.ts";
import { enforceBatch } from "../../../shared/pipeline/enforce-batch.ts";
import type { StepHandler } from "../../../shared/pipeline/run-step.ts";
import type { Read } from "../../../shared/ports/directory.ts";
import { inState, notified, T0 } from "../../support/builders.ts";
import { OneBatch } from "./one-batch.ts";

const fresh = newEnrollment(deriveGuid("unknown"));
const told = inState(notified({ enforceAfter: T0 - DAY_MS, toldAt: T0 - 9 * DAY_MS }), { userId: fresh.userId });
const registered = { ...told, registration: { value: "usable", at: T0 } } as const;
const lost = { ...told, prior: { kind: "unobserved" } } as const;

/** Answers these looks with `200` and a body that says nothing, for all users but those named. */
class BlindDirectory extends MemoryDirectory {
  readonly #blind: { readonly look: "states" | "methods"; readonly sees: readonly UserId[] };

  constructor(one: OneBatch, look: "states" | "methods", sees: readonly UserId[] = []) {
    super(one.tenant);
    this.#blind = { look, sees };
  }

  override async readMfaStates(users: readonly UserId[]): Promise<readonly Read<MfaState>[]> {
    return this.#without("states", users, await super.readMfaStates(users));
  }

  override async readRegistrations(users: readonly UserId[]): Promise<readonly Read<RegistrationValue>[]> {
    return this.#without("methods", users, await super.readRegistrations(users));
  }

  #without<T>(look: "states" | "methods", users: readonly UserId[], reads: readonly Read<T | "unknown">[]) {
    const { look: blind, sees } = this.#blind;
    return reads.map((read, index) =>
      look !== blind || sees.includes(users[index] ?? "") ? read : ({ kind: "read", value: "unknown" } as const),
    );
  }
}

const CASES: readonly (readonly [
  string,
  {
    readonly row: Enrollment;
    readonly step: "enable" | "enforce";
    readonly handler: StepHandler;
    readonly look: "states" | "methods";
  },
])[] = [
  ["the state before the first write", { row: fresh, step: "enable", handler: enableBatch, look: "states" }],
  ["a state that was never seen", { row: lost, step: "enforce", handler: enforceBatch, look: "states" }],
  ["the state before the binding write", { row: registered, step: "enforce", handler: enforceBatch, look: "states" }],
  ["the methods after the deadline", { row: told, step: "enforce", handler: enforceBatch, look: "methods" }],
];

it.each(CASES)("invariant 3: %s that stays unknown is asked for a bounded number of times", async (_, asked) => {
  const one = await OneBatch.open([asked.row]);
  const directory = new BlindDirectory(one, asked.look);
  const waits: number[] = [];

  for (let tries = 1; tries <= RETRY.attemptsMax; tries++) {
    const before = one.clock.now();
    await one.run(asked.step, (deps, work) => asked.handler({ ...deps, directory }, work));
    const [row] = await one.rows();
    if (row === undefined) throw new Error("no row");
    if (row.state.phase === "failed") break;
    expect(row.attempt, "the try is counted").toBe(tries + 1);
    expect(row.notBefore, "and the next one waits").toBeGreaterThan(before);
    waits.push(row.notBefore - before);
    one.clock.moveTo(row.notBefore);
  }

  const [end] = await one.rows();
  expect(end?.state).toMatchObject({ phase: "failed", reason: "no-answer" });
  expect(waits).toHaveLength(RETRY.attemptsMax - 1);
  expect(Math.max(...waits), "waits grow").toBeGreaterThan(20_000);
  expect(one.tenant.counted("write-state"), "nothing is written on what is not known").toBe(0);
});

it("who was seen in the same call goes on at once, whatever was not seen of another", async () => {
  const other = { ...fresh, userId: deriveGuid("seen") };
  const one = await OneBatch.open([fresh, other]);
  const directory = new BlindDirectory(one, "states", [other.userId]);

  await one.run("enable", (deps, work) => enableBatch({ ...deps, directory }, work));

  expect((await one.rows()).map(({ state, attempt }) => [state.phase, attempt])).toEqual([
    ["queued", 2],
    ["enabled", 1],
  ]);
  expect(one.clock.now()).toBeLessThan(T0 + MINUTE_MS);
});
