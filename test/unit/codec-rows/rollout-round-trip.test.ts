// Rows of table `rollouts`: the rollout, its waves, gate results and sums of progress.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as rows from "../../../shared/codec/rollout-rows.ts";
import { PHASES } from "../../../shared/domain/enrollment.ts";
import { GATES } from "../../../shared/domain/gate.ts";
import { DAY_MS, FAR_FUTURE } from "../../../shared/domain/instant.ts";
import type { Rollout, Wave } from "../../../shared/domain/rollout.ts";
import { ROLLOUT_STATUSES, WAVE_STATUSES } from "../../../shared/domain/rollout.ts";
import type { StoredGate } from "../../../shared/ports/rollout-store.ts";
import { anyInstant } from "../../support/arbitraries.ts";
import { countCases } from "./case-count.ts";
import { anyCount, anyProgress, anyTimeOrNever } from "./stored-values.ts";
import { anyId, anyText, anyTextUpTo, hasLoneSurrogate } from "./texts.ts";
import { plain, throughTable } from "./through-table.ts";

const anyRollout: fc.Arbitrary<Rollout> = fc.record({
  id: anyId,
  status: fc.constantFrom(...ROLLOUT_STATUSES),
  appliedAt: anyTimeOrNever,
  users: anyCount,
  // A year of soak is more milliseconds than a number column holds.
  soakMs: fc.constantFrom(0, 3 * DAY_MS, 365 * DAY_MS),
  breakGlass: fc.array(fc.uuid(), { maxLength: 4 }),
  senders: fc.array(anyText, { maxLength: 4 }),
  breakGlassCheck: fc.record({ at: anyTimeOrNever, valid: fc.boolean(), because: anyText }),
});

const anyWave: fc.Arbitrary<Wave> = fc.record({
  id: anyId,
  index: fc.nat(98),
  status: fc.constantFrom(...WAVE_STATUSES),
  startAt: anyTimeOrNever,
  users: anyCount,
  batches: anyCount,
  openedAt: anyTimeOrNever,
  launchedAt: anyTimeOrNever,
  doneAt: anyTimeOrNever,
});

const RESULTS = ["open", "closed", "inconclusive"] as const;
const anyGate: fc.Arbitrary<StoredGate> = fc.record({
  wave: anyId,
  gate: fc.constantFrom(...GATES),
  result: fc.constantFrom(...RESULTS),
  because: fc.oneof(anyText, anyTextUpTo(32_768)),
  nextLook: fc.oneof(anyTimeOrNever, fc.constant(FAR_FUTURE)),
  at: anyInstant,
});

describe("rows of table rollouts are read as they were written", () => {
  it("a rollout in any status, looked at or not, with any accounts and senders", () => {
    const seen = countCases([
      ...ROLLOUT_STATUSES,
      ...["applied", "not applied", "soak over a column's number", "no account", "some accounts"],
      ...["no sender", "some senders", "valid", "not valid", "never looked", "bad text"],
    ] as const);
    const property = fc.property(anyRollout, (rollout) => {
      const { breakGlassCheck: check } = rollout;
      seen.saw(rollout.status);
      seen.saw(rollout.appliedAt === 0 ? "not applied" : "applied");
      seen.saw("soak over a column's number", rollout.soakMs > 2 ** 31);
      seen.saw(rollout.breakGlass.length === 0 ? "no account" : "some accounts");
      seen.saw(rollout.senders.length === 0 ? "no sender" : "some senders");
      seen.saw(check.valid ? "valid" : "not valid");
      seen.saw("never looked", check.at === 0);
      seen.saw("bad text", hasLoneSurrogate(check.because));
      expect(rows.parseRollout(throughTable(rows.formatRollout(rollout)))).toStrictEqual(plain(rollout));
    });
    fc.assert(property, { numRuns: 500 });
    seen.expectEach(20);
  });

  it("a wave in any status, opened, launched and done or not yet", () => {
    const times = ["startAt", "openedAt", "launchedAt", "doneAt"] as const;
    const seen = countCases([...WAVE_STATUSES, ...times, "not yet"] as const);
    const property = fc.property(anyWave, (wave) => {
      seen.saw(wave.status);
      for (const time of times) seen.saw(wave[time] === 0 ? "not yet" : time);
      expect(rows.parseWave(throughTable(rows.formatWave(wave)))).toStrictEqual(plain(wave));
    });
    fc.assert(property, { numRuns: 300 });
    seen.expectEach(20);
  });

  it("a result of any gate, with a next look or without", () => {
    const seen = countCases([...GATES, ...RESULTS, "no look", "a look", "long text"] as const);
    const property = fc.property(anyGate, (gate) => {
      seen.saw(gate.gate);
      seen.saw(gate.result);
      seen.saw(gate.nextLook === 0 ? "no look" : "a look");
      seen.saw("long text", gate.because.length > 1_000);
      expect(rows.parseGate(throughTable(rows.formatGate(gate)))).toStrictEqual(plain(gate));
    });
    fc.assert(property, { numRuns: 300 });
    seen.expectEach(20);
  });

  it("a wave's progress with anybody in any phase, and any failures", () => {
    const seen = countCases([...PHASES, "no failure", "some failures"] as const);
    const property = fc.property(anyProgress, anyInstant, (progress, at) => {
      for (const phase of PHASES) seen.saw(phase, progress.phases[phase] > 0);
      seen.saw(Object.keys(progress.failures).length === 0 ? "no failure" : "some failures");
      expect(rows.parseProgress(throughTable(rows.formatProgress(progress, at)))).toStrictEqual(plain(progress));
    });
    fc.assert(property, { numRuns: 300 });
    seen.expectEach(10);
  });
});

describe("keys of table rollouts", () => {
  it("stand in the order of the waves, for as many as a spec may have", () => {
    const keys = Array.from({ length: 99 }, (_, index) => rows.waveKey(index));
    expect([...keys].sort()).toEqual(keys);
    expect(keys[0]).toBe("wave_00");
  });

  it("let the newest result of a gate come last, and keep every result", () => {
    const seen = countCases(["before", "after"]);
    const property = fc.property(anyId, fc.constantFrom(...GATES), anyInstant, anyInstant, (wave, gate, a, b) => {
      fc.pre(a !== b);
      seen.saw(a < b ? "before" : "after");
      const [first, second] = [rows.gateKey(wave, gate, a), rows.gateKey(wave, gate, b)];
      expect(first < second).toBe(a < b);
      expect(first).toMatch(/^[A-Za-z0-9_-]+$/);
    });
    fc.assert(property);
    seen.expectEach(10);
  });
});
