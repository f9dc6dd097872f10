// Every step handler's frame: is it allowed, load, do it, and again from the rows when somebody else saved in between.
import type { RolloutControl } from "../domain/control.ts";
import { allows, SERVICES_OF } from "../domain/control.ts";
import type { Instant } from "../domain/instant.ts";
import { HANDLER_DEADLINE_MS } from "../domain/policy.ts";
import type { Nudge } from "../domain/nudge.ts";
import { Conflict, Unavailable } from "../ports/errors.ts";
import { Guard } from "./guard.ts";
import { CONFLICTS_MAX } from "./save-batch.ts";
import { Sheet } from "./sheet.ts";
import type { StepDeps } from "./step-deps.ts";

export interface StepWork {
  readonly nudge: Nudge;
  readonly sheet: Sheet;
  readonly guard: Guard;
  readonly rollout: RolloutControl;
  /** No request starts after it. */
  readonly deadline: Instant;
}

export interface StepResult {
  readonly result: "done" | "nothing-due" | "refused" | "later" | "gone" | "conflict" | "unavailable";
  readonly acted: number;
  readonly failed: number;
}

export type StepHandler = (deps: StepDeps, work: StepWork) => Promise<StepResult>;

const ended = (result: StepResult["result"]): StepResult => ({ result, acted: 0, failed: 0 });

/** Never throws but for a bug: a throw is redelivered at once, without backoff. The planner finds what was left undone. */
export async function runStep(deps: StepDeps, nudge: Nudge, handler: StepHandler): Promise<StepResult> {
  const deadline = deps.clock.now() + HANDLER_DEADLINE_MS;
  for (let tries = 1; tries <= CONFLICTS_MAX; tries += 1) {
    try {
      return await attemptStep(deps, nudge, handler, deadline);
    } catch (error) {
      if (error instanceof Unavailable) {
        deps.log.warn("step put off: a service is down", {
          ...logged(nudge),
          service: error.service,
          cause: String(error.cause),
        });
        return ended("unavailable");
      }
      if (!(error instanceof Conflict)) throw error;
    }
  }
  return ended("conflict");
}

async function attemptStep(deps: StepDeps, nudge: Nudge, handler: StepHandler, deadline: Instant): Promise<StepResult> {
  const readAt = deps.clock.now();
  const [stored, batch] = await Promise.all([deps.control.readControl(), deps.batches.load(nudge)]);
  if (batch === null) return ended("gone");
  const ask = { ...nudge, services: SERVICES_OF[nudge.step], now: deps.clock.now() };
  const permission = allows(stored.value, ask);
  if (permission.kind === "refused") return ended("refused");
  // A service rests: the planner knows until when, and releases the batch again.
  if (permission.kind === "later") return ended("later");
  const sheet = new Sheet(batch, permission.rollout.policy);
  freshenRegistrations(sheet, stored.value.reportAt, deps.clock.now());
  const guard = new Guard(deps, nudge.step, { control: stored.value, readAt });
  return handler(deps, { nudge, sheet, guard, rollout: permission.rollout, deadline });
}

/** A newer report that changed nothing for a user is newer evidence of the same: it is recorded when it matters, at the deadline. */
function freshenRegistrations(sheet: Sheet, reportAt: Instant, now: Instant): void {
  for (const { slot, enrollment } of sheet.rows) {
    const { state, registration } = enrollment;
    const matters = state.phase === "queued" || (state.phase === "notified" && state.enforceAfter <= now);
    if (!matters || registration.value === "unknown" || reportAt <= registration.at) continue;
    sheet.apply(slot, { kind: "registration-observed", value: registration.value, at: reportAt });
  }
}

function logged(nudge: Nudge): Record<string, string | number> {
  const { rollout, wave, batch, step } = nudge;
  return { rollout, wave, batch, step };
}
