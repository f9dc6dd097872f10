// Where time may go when nothing is in flight: to the first instant at which anything can happen. Pure.

export interface Horizon {
  readonly now: number;
  /** Least of the broker's scheduled messages and orphaned locks. */
  readonly brokerDue: number | null;
  /** Least next tick of the timers other than the planner. */
  readonly timerDue: number | null;
  /** The planner's next tick, or the first one at or after its `wakeAt` where that can be trusted. */
  readonly plannerDue: number | null;
}

export interface Target {
  readonly at: number;
  /** `wall`: no jump but a correction, when the machine's clock was set back. */
  readonly because: "broker" | "timer" | "planner" | "cap" | "wall";
}

/** Bounds what a forgotten obligation costs: nothing is looked at less often than this. */
export const CAP_MS = 6 * 60 * 60 * 1_000;

export function findTarget({ now, brokerDue, timerDue, plannerDue }: Horizon): Target {
  const candidates: readonly Target[] = [
    { at: brokerDue ?? Number.POSITIVE_INFINITY, because: "broker" },
    { at: timerDue ?? Number.POSITIVE_INFINITY, because: "timer" },
    { at: plannerDue ?? Number.POSITIVE_INFINITY, because: "planner" },
  ];
  const first = candidates.reduce((least, one) => (one.at < least.at ? one : least), {
    at: now + CAP_MS,
    because: "cap",
  });
  // Whole milliseconds, rounded up: a fraction too early finds nothing due, and the message is gone.
  return { at: Math.ceil(first.at), because: first.because };
}
