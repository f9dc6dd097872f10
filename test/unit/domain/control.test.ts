// The row that every handler reads: stops, rests, and who may lift what.
import { expect, it } from "vitest";
import type { Control, RolloutControl, Stop } from "../../../shared/domain/control.ts";
import {
  allows,
  NEW_CONTROL,
  SERVICES,
  stopOf,
  withoutStop,
  withRest,
  withRollout,
  withStop,
} from "../../../shared/domain/control.ts";
import { aPolicy, T0 } from "../../support/builders.ts";

const rollout = (stops: readonly Stop[] = []): RolloutControl => ({
  id: "r",
  policy: aPolicy(),
  timeZone: "Europe/Berlin",
  helpContact: "help@contoso.example",
  breakGlass: [],
  stops,
});
const control: Control = withRollout(NEW_CONTROL, rollout());
const stop = (by: string, wave = "*"): Stop => ({ wave, because: "mails bounce", by, at: T0 });
const ask = { rollout: "r", wave: "w1", step: "enforce", services: ["graph-write", "graph-read"], now: T0 } as const;

it("invariant 6: a stop of the wave or of the rollout refuses every step, and one of another wave does not", () => {
  expect(allows(control, ask)).toEqual({ kind: "allowed", rollout: rollout() });
  expect(allows(withStop(control, "r", stop("Dana")), ask)).toEqual({
    kind: "refused",
    because: "paused by Dana: mails bounce",
  });
  expect(allows(withStop(control, "r", stop("Dana", "w1")), ask).kind).toBe("refused");
  expect(allows(withStop(control, "r", stop("Dana", "w2")), ask).kind).toBe("allowed");
  expect(allows(NEW_CONTROL, ask)).toEqual({ kind: "refused", because: "no rollout r is active" });
});

it("a service that asked for rest is left alone until then, and others are not", () => {
  const resting = withRest(control, "graph-read", { until: T0 + 1, now: T0 });

  expect(allows(resting, ask)).toEqual({ kind: "later", notBefore: T0 + 1 });
  expect(allows(resting, { ...ask, now: T0 + 1 }).kind).toBe("allowed");
  expect(allows(resting, { ...ask, services: ["mail"] }).kind).toBe("allowed");
});

it("invariant 11: a rest only grows, whoever reports it last", () => {
  for (const service of SERVICES) {
    const long = withRest(control, service, { until: T0 + 900, now: T0 + 2 });
    const both = withRest(long, service, { until: T0 + 100, now: T0 + 1 });
    expect([both.notBefore[service], both.throttledAt]).toEqual([T0 + 900, T0 + 2]);
    const longer = withRest(long, service, { until: T0 + 901, now: T0 + 3 });
    expect([longer.notBefore[service], longer.throttledAt]).toEqual([T0 + 901, T0 + 3]);
  }
});

it("invariant 7: automation lifts its own stop and never a person's; a person lifts both", () => {
  const both = withStop(withStop(control, "r", stop("automation")), "r", stop("Dana"));
  const stopsAfter = (by: string, wave = "*") =>
    withoutStop(both, "r", { wave, by }).rollouts[0]?.stops.map((left) => left.by);

  expect(stopsAfter("automation")).toEqual(["Dana"]);
  expect(stopsAfter("Omar")).toEqual([]);
  expect(stopsAfter("Omar", "w1")).toEqual(["automation", "Dana"]);
});

it("the same stop twice is one, and a rollout written again takes the place of the old", () => {
  const once = withStop(control, "r", stop("Dana"));
  expect(withStop(once, "r", stop("Dana"))).toEqual(once);
  expect(withRollout(once, rollout()).rollouts).toEqual([rollout()]);
  expect(stopOf(rollout([stop("Dana", "w2")]), "w1")).toBeNull();
});
