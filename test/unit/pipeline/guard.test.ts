// The guard on its own: what it reads decides whether a request may start.
import { describe, expect, it } from "vitest";
import type { Control } from "../../../shared/domain/control.ts";
import { allows, NEW_CONTROL, withRollout, withoutStop, withStop } from "../../../shared/domain/control.ts";
import { RETRY } from "../../../shared/domain/policy.ts";

const policy = {
  graceMs: 1,
  leastNoticeMs: 1,
  unregisteredWaitMs: 1,
  unregisteredThen: "fail",
  unregisteredReason: "",
  registered: "deferred",
  retry: RETRY,
} as const;
const rollout = { id: "r", policy, timeZone: "UTC", helpContact: "", breakGlass: [], stops: [] };
const active: Control = withRollout(NEW_CONTROL, rollout);
const ask = { rollout: "r", wave: "w", step: "enforce", services: ["graph-write"], now: 1_000 } as const;

describe("invariant 6: a pause stops everything but the calls in flight", () => {
  it("refuses every step of a paused rollout and of a paused wave, and allows it again when a person resumes", () => {
    for (const wave of ["*", "w"]) {
      const paused = withStop(active, "r", { wave, because: "a fire drill", by: "ada", at: 900 });

      expect(allows(paused, ask)).toEqual({ kind: "refused", because: "paused by ada: a fire drill" });
      expect(allows(withoutStop(paused, "r", { wave, by: "ada" }), ask).kind).toBe("allowed");
    }
  });

  it("holds another wave's pause against nobody else", () => {
    const paused = withStop(active, "r", { wave: "other", because: "a fire drill", by: "ada", at: 900 });

    expect(allows(paused, ask).kind).toBe("allowed");
  });
});
