// The timer trigger's side in the host. The supervisor decides when a timer fires and on which host; here one order becomes
// one invocation, with the retries that a timer may have (they run in this process and are lost with it, as in Azure).
import { setTimeout as wait } from "node:timers/promises";
import type { Fire } from "../protocol.ts";
import type { TypedData } from "./core.ts";
import type { Invoker, Outcome } from "./invocation.ts";
import type { AppFunction, TimerTrigger } from "./triggers.ts";

/** What .NET prints for "never": its least DateTime. */
const NEVER = "0001-01-01T00:00:00+00:00";

export function toTimerData(
  trigger: TimerTrigger,
  { isPastDue, status }: Pick<Fire, "isPastDue" | "status">,
): TypedData {
  const text = (at: number | null): string => (at === null ? NEVER : new Date(at).toISOString());
  return {
    json: JSON.stringify({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: trigger.isMonitored
        ? { Last: text(status.last), Next: text(status.next), LastUpdated: text(status.lastUpdated) }
        : null,
      IsPastDue: isPastDue,
    }),
  };
}

export async function runTimer(invoker: Invoker, target: AppFunction, input: TypedData): Promise<Outcome> {
  let outcome = await invoker.invoke(target, { input });
  const { retry } = target;
  if (retry === null) return outcome;
  // -1 is Azure's "for ever"; one order of the supervisor ends, so it is bounded here.
  const max = retry.count < 0 ? 1_000 : retry.count;
  for (let count = 1; outcome.kind === "failed" && count <= max; count++) {
    await wait(retry.delayMs(count));
    outcome = await invoker.invoke(target, { input, retry: { count, max: retry.count, error: outcome.error } });
  }
  return outcome;
}
