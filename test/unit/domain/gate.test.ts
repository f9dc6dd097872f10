// Each gate with each of its answers.
import { expect, it } from "vitest";
import type { RolloutControl } from "../../../shared/domain/control.ts";
import { breakGlassGate, evaluateGates, needsBreakGlassLook } from "../../../shared/domain/gate.ts";
import { DAY_MS, FAR_FUTURE, HOUR_MS } from "../../../shared/domain/instant.ts";
import type { Rollout, Wave } from "../../../shared/domain/rollout.ts";
import { aPolicy, T0 } from "../../support/builders.ts";

const rollout: Rollout = {
  id: "r",
  status: "active",
  appliedAt: T0,
  users: 2,
  soakMs: 2 * DAY_MS,
  breakGlass: ["a", "b"],
  senders: ["s"],
  breakGlassCheck: { at: T0, valid: true, because: "two are valid" },
};
const control: RolloutControl = {
  id: "r",
  policy: aPolicy(),
  timeZone: "UTC",
  helpContact: "",
  breakGlass: [],
  stops: [],
};
const wave = (index: number, change: Partial<Wave> = {}): Wave => ({
  id: `w${index}`,
  index,
  status: "planned",
  startAt: T0,
  users: 1,
  batches: 1,
  openedAt: 0,
  launchedAt: 0,
  doneAt: 0,
  ...change,
});
const results = (of: Wave, change: { waves?: readonly Wave[]; control?: RolloutControl; now?: number } = {}) =>
  Object.fromEntries(
    evaluateGates(of, { rollout, control, waves: [of], now: T0, ...change }).map(({ gate, result, nextLook }) => [
      gate,
      [result, nextLook],
    ]),
  );

it("all gates of a first wave open at its start", () => {
  expect(results(wave(0))).toEqual({
    start: ["open", FAR_FUTURE],
    pause: ["open", FAR_FUTURE],
    "break-glass": ["open", T0 + DAY_MS],
    soak: ["open", FAR_FUTURE],
  });
});

it("a wave waits for its start, and for whoever paused it", () => {
  expect(results(wave(0, { startAt: T0 + 1 }))["start"]).toEqual(["closed", T0 + 1]);
  const stops = [{ wave: "*", because: "holidays", by: "Dana", at: T0 }];
  expect(results(wave(0), { control: { ...control, stops } })["pause"]).toEqual(["closed", T0 + HOUR_MS]);
});

it("a wave waits until the one before it is launched and its soak is over", () => {
  const soak = (launchedAt: number) => results(wave(1), { waves: [wave(0, { launchedAt }), wave(1)] })["soak"];

  expect(soak(0)).toEqual(["closed", FAR_FUTURE]);
  expect(soak(T0 - DAY_MS)).toEqual(["closed", T0 + DAY_MS]);
  expect(soak(T0 - 2 * DAY_MS)).toEqual(["open", FAR_FUTURE]);
});

it.each([
  [0, true, "inconclusive"],
  [T0 - DAY_MS, true, "inconclusive"],
  [T0 - DAY_MS + 1, true, "open"],
  [T0, false, "closed"],
] as const)(
  "invariant 2: nothing runs on a look at break-glass accounts of %i that said %s: %s",
  (at, valid, result) => {
    const checked = { ...rollout, breakGlassCheck: { at, valid, because: "seen" } };
    expect(breakGlassGate({ rollout: checked, now: T0 }).result).toBe(result);
  },
);

it("break-glass accounts are looked at daily, and hourly after a bad look", () => {
  const needs = (age: number, valid: boolean) =>
    needsBreakGlassLook({ ...rollout, breakGlassCheck: { at: T0 - age, valid, because: "" } }, T0);

  expect([needs(DAY_MS - 1, true), needs(DAY_MS, true)]).toEqual([false, true]);
  expect([needs(HOUR_MS - 1, false), needs(HOUR_MS, false)]).toEqual([false, true]);
});
