// A 429 seen by one handler is heard by all: the service rests until then, and the planner lowers its rate.
import type { Service } from "../domain/control.ts";
import { withRest } from "../domain/control.ts";
import type { Failure } from "../domain/failure.ts";
import { HOUR_MS } from "../domain/instant.ts";
import { RETRY_AFTER_LEAST_MS } from "../domain/retry.ts";
import type { StepDeps } from "./step-deps.ts";

export async function announceRest(
  deps: Pick<StepDeps, "control" | "clock">,
  service: Service,
  failures: readonly Failure[],
): Promise<void> {
  if (failures.length === 0) return;
  const now = deps.clock.now();
  const asked = Math.max(...failures.map((failure) => failure.retryAfterMs));
  // The users themselves wait as long as Graph asked; the whole service at most an hour, or one odd answer would stop a tenant.
  const until = now + Math.min(HOUR_MS, Math.max(RETRY_AFTER_LEAST_MS, asked));
  await deps.control.updateControl((control) =>
    control.notBefore[service] >= until && control.throttledAt >= now - 1_000
      ? control
      : withRest(control, service, { until, now }),
  );
}
