// The object that `npm start -- --until-done --json` ends with: users' scripts rely on its names.
import * as z from "zod";
import { addPhases } from "../../../shared/domain/header.ts";
import { pendingOf } from "../../../shared/domain/progress.ts";
import { measureRollout } from "../../../shared/pipeline/measure-progress.ts";
import type { DeadLetter } from "../../../shared/ports/dead-letter-store.ts";
import type { InstanceCounts } from "./instance-counts.ts";
import type { Session } from "./session.ts";
import type { Verdict } from "./witness.ts";

const number = z.number().default(0);
const broker = z.looseObject({ sent: number, received: number, scheduled: number });

export interface Summary {
  readonly rollout: string;
  /** Accepted enrollments, excluded ones included; `outcome` adds up to it. */
  readonly users: number;
  readonly outcome: {
    readonly enforced: number;
    readonly restored: number;
    readonly excluded: number;
    readonly held: number;
    readonly failed: number;
    readonly pending: number;
  };
  readonly failures: Readonly<Record<string, number>>;
  readonly notices: { readonly sent: number; readonly duplicate: number; readonly uncertain: number };
  readonly graph: {
    readonly requests: number;
    readonly writes: number;
    readonly throttled: number;
    readonly retried: number;
  };
  readonly tables: { readonly transactions: number; readonly reads: number };
  readonly queue: {
    readonly sent: number;
    readonly received: number;
    readonly scheduled: number;
    readonly deadLettered: number;
  };
  readonly tenantCheck: { readonly enforcedInTenant: number; readonly mismatches: number };
  readonly invariants: { readonly checked: number; readonly violated: number };
  /** How often each fault asked for has happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly wallMs: number;
  readonly virtualMs: number;
  readonly maxRssBytes: number;
}

export interface SummaryAsk {
  readonly session: Pick<Session, "deps" | "supervisor" | "rollout">;
  readonly counts: InstanceCounts;
  readonly verdict: Verdict;
  readonly faults?: Readonly<Record<string, number>>;
  readonly wallMs: number;
  readonly virtualMs: number;
}

export async function summarizeRun({
  session,
  counts,
  verdict,
  faults = {},
  wallMs,
  virtualMs,
}: SummaryAsk): Promise<Summary> {
  const { deps, supervisor, rollout } = session;
  const waves = await measureRollout(deps, rollout);
  const phases = addPhases(waves.map((wave) => wave.phases));
  const failures: Record<string, number> = {};
  for (const wave of waves)
    for (const [reason, count] of Object.entries(wave.failures)) failures[reason] = (failures[reason] ?? 0) + count;
  const { sent, received, scheduled } = broker.parse((await supervisor.askBroker("stats")) ?? {});
  // What an operator sees: letters of this rollout, and those that nobody could read.
  const deadLettered = (await readDeadLetters(deps, rollout)).length;
  const { enforced, restored, excluded, held, failed } = phases;
  return {
    rollout,
    users: Object.values(phases).reduce((total, count) => total + count, 0),
    outcome: { enforced, restored, excluded, held, failed, pending: pendingOf(phases) },
    failures,
    notices: {
      sent: waves.reduce((total, wave) => total + wave.notices.sent, 0),
      duplicate: verdict.duplicates,
      uncertain: waves.reduce((total, wave) => total + wave.notices.uncertain, 0),
    },
    graph: {
      requests: counts.sum("requests"),
      writes: counts.sum("writes"),
      throttled: counts.sum("throttled"),
      retried: counts.sum("retried"),
    },
    tables: { transactions: counts.sum("transactions"), reads: counts.sum("reads") },
    queue: { sent, received, scheduled, deadLettered },
    tenantCheck: { enforcedInTenant: verdict.enforcedInTenant, mismatches: verdict.mismatches },
    invariants: { checked: verdict.checked, violated: verdict.violations.length },
    faults,
    wallMs,
    virtualMs,
    maxRssBytes: counts.maxRssBytes,
  };
}

export async function readDeadLetters(
  { deadLetters }: Pick<Session["deps"], "deadLetters">,
  rollout: string,
): Promise<readonly DeadLetter[]> {
  const [known, unread] = await Promise.all([deadLetters.list(rollout), deadLetters.list(null)]);
  return [...known, ...unread];
}

/** Everybody came to an end by what the rollout promised, and the tenant agrees. */
export function isClean({ outcome, notices, tenantCheck, invariants }: Summary): boolean {
  return outcome.pending + outcome.failed + notices.duplicate + tenantCheck.mismatches + invariants.violated === 0;
}
