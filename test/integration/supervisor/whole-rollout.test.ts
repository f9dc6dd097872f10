// A whole rollout of 200 people with the built app: what virtual time costs, and that killed hosts change nothing and cost no wait.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Supervisor } from "../../../apps/local/supervisor/options.ts";
import { threeWeeksSpec } from "../../support/sample-spec.ts";
import { runWhole } from "./whole-run.ts";
import type { Stamped, WholeRun } from "./whole-run.ts";

const DAY = 86_400_000;
const INSTANCES = 2;
const ROOT = join(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "three-weeks-"));
const SPEC = join(folder, "rollout.yaml");
const RUN = ["--users", "200", "--seed", "7", "--instances", String(INSTANCES), "--spec", SPEC];
const PLANNER = "plan-waves";
/** Many times what a run takes on two cores that do nothing else. */
const PATIENCE_MS = 200_000;

let calm: WholeRun;
beforeAll(async () => {
  if (!existsSync(join(ROOT, "dist/local"))) throw new Error("dist is not there: npm run build");
  writeFileSync(SPEC, threeWeeksSpec());
  calm = await runWhole(RUN);
}, PATIENCE_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fired = ({ events }: WholeRun): string[] =>
  events.flatMap((event) => (event.kind === "timer-fired" ? [event.name] : []));
const jumpsOf = ({ events }: WholeRun): Stamped[] => events.filter(({ kind }) => kind === "jumped");

/** Wall time between neighbours of these kinds: nothing but the clock works there, or a handler, which the median leaves out. */
function between({ events }: WholeRun, first: Stamped["kind"], second: Stamped["kind"]): number {
  const spans = events.slice(1).flatMap((event, index) => {
    const before = events[index];
    return before?.kind === first && event.kind === second ? [event.wall - before.wall] : [];
  });
  expect(spans.length).toBeGreaterThan(100);
  return spans.sort((a, b) => a - b)[Math.floor(spans.length / 2)] ?? Number.NaN;
}

const longestSilence = ({ events }: WholeRun): number =>
  Math.max(...events.slice(1).map(({ wall }, index) => wall - (events[index]?.wall ?? wall)));

describe("three weeks of 200 people", () => {
  it("clock 15: pass with a jump for what was due and no other, and the clock's own share of it stays small", () => {
    const all = fired(calm);
    const looks = all.filter((name) => name === PLANNER).length;
    const others = all.length - looks;

    expect(calm.verdict).toMatchObject({ mismatches: 0, duplicates: 0, violations: [] });
    expect(calm.virtualMs).toBeGreaterThan(21 * DAY);
    expect(calm.wallMs).toBeLessThan(PATIENCE_MS);
    // Each jump made something due; and the planner, that may look each minute, looks where something has happened.
    expect(jumpsOf(calm).length).toBeLessThanOrEqual(looks + others + calm.received);
    expect(looks).toBeLessThanOrEqual(2 * (others + calm.received));
    // From a timer's end over hold and saving to the jump, and from there over telling it to the next timer.
    const ownMs = between(calm, "timer-ended", "jumped") + between(calm, "jumped", "timer-fired");
    expect(ownMs).toBeLessThan(60);
  });

  it("clock 13: ask for tokens when an identity is first used in a process, and not as virtual days go by", () => {
    const identities = 3;
    expect(calm.tokens).toBeGreaterThanOrEqual(identities);
    expect(calm.tokens).toBeLessThanOrEqual(identities * (INSTANCES + 1));
  });

  it(
    "clock 16: killed hosts end as undisturbed ones, and nothing waits on the wall for their locks",
    async () => {
      const killer = new Killer(10, jumpsOf(calm).length * 0.8);
      const killed = await runWhole(RUN, (event, supervisor) => killer.onEvent(event, supervisor));

      expect(killer.kills).toBe(10);
      expect(killer.busyKills).toBeGreaterThan(0);
      expect(killed.phases).toEqual(calm.phases);
      expect(killed.verdict).toMatchObject({ mismatches: 0, duplicates: 0, violations: [] });
      const restarts = restartsOf(killed.events);
      expect(restarts).toHaveLength(10);
      // A lock is five minutes: the longest silence is that of a restart, with what a loaded machine makes of it.
      expect(longestSilence(killed)).toBeLessThan(1.5 * Math.max(...restarts) + longestSilence(calm) + 5_000);
    },
    PATIENCE_MS,
  );
});

/** From each death to the readiness of the one that takes its place. */
function restartsOf(events: readonly Stamped[]): number[] {
  return events.flatMap((died, index) => {
    if (died.kind !== "instance-died") return [];
    const started = events
      .slice(index)
      .find((event) => event.kind === "instance-started" && event.instance === died.instance);
    return started === undefined ? [] : [started.wall - died.wall];
  });
}

const LOOK_MS = 2;
const LOOKS = 20;

/** Kills spread over the jumps of a run: every other one when a message has come due, so that it meets a handler, the rest when the
 *  planner is fired; whoever is busy, and one in turn when nobody gets busy in time. */
class Killer {
  kills = 0;
  busyKills = 0;
  #jumps = 0;
  #isAiming = false;
  readonly #wanted: number;
  readonly #span: number;

  constructor(wanted: number, span: number) {
    this.#wanted = wanted;
    this.#span = span;
  }

  onEvent(event: Stamped, supervisor: Supervisor): void {
    if (event.kind === "jumped") this.#jumps++;
    if (this.#isAiming || this.kills >= this.#wanted || this.#jumps < (this.#span / this.#wanted) * this.kills) return;
    const isTime =
      this.kills % 2 === 0
        ? event.kind === "jumped" && event.because === "broker"
        : event.kind === "timer-fired" && event.name === PLANNER;
    if (!isTime) return;
    this.#isAiming = true;
    this.#aim(supervisor, LOOKS);
  }

  #aim(supervisor: Supervisor, looks: number): void {
    const [busy] = supervisor.busyInstances();
    if (busy === undefined && looks > 0) {
      setTimeout(() => this.#aim(supervisor, looks - 1), LOOK_MS);
      return;
    }
    this.#isAiming = false;
    const met = supervisor.killInstance(busy ?? this.kills % INSTANCES);
    if (met === "dead") return; // the next moment tries again
    this.kills++;
    if (met === "busy") this.busyKills++;
  }
}
