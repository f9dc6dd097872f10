// What the HTTP function `progress` answers, as far as the page shows it. Parsed by hand: the page carries no library.
import type { Phase } from "../../shared/domain/enrollment.ts";

/** As a bar shows them. */
export const PHASES = [
  "queued",
  "enabled",
  "notified",
  "enforced",
  "restoring",
  "restored",
  "excluded",
  "held",
  "failed",
] as const satisfies readonly Phase[];

export interface Gate {
  readonly gate: string;
  readonly result: string;
  readonly because: string;
}

export interface Wave {
  readonly wave: string;
  readonly status: string;
  readonly users: number;
  readonly startAt: string;
  readonly phases: Readonly<Record<Phase, number>>;
  readonly failures: Readonly<Record<string, number>>;
  readonly notices: { readonly sent: number; readonly uncertain: number };
  readonly gates: readonly Gate[];
}

export interface Rollout {
  readonly rollout: string;
  readonly status: string;
  readonly users: number;
  readonly stops: readonly { readonly wave: string; readonly because: string; readonly by: string }[];
  readonly waves: readonly Wave[];
}

export interface Progress {
  readonly now: string;
  readonly rollouts: readonly Rollout[];
  /** Until when a service rests; `null` = it does not. */
  readonly rest: Readonly<Record<string, string | null>>;
}

export function isProgress(body: unknown): body is Progress {
  return typeof body === "object" && body !== null && "rollouts" in body && "now" in body && "rest" in body;
}
