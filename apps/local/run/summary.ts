// The object that `npm start -- --until-done --json` ends with: users' scripts rely on its names.
import * as z from "zod";
import type { Dependencies } from "../../../shared/compose.ts";
import { addPhases } from "../../../shared/domain/header.ts";
import { pendingOf } from "../../../shared/domain/progress.ts";
import { measureRollout } from "../../../shared/pipeline/measure-progress.ts";
import type { Supervisor } from "../supervisor/options.ts";
import type { Verdict } from "./witness.ts";

const number = z.number().default(0);
const instance = z.looseObject({
  reads: number,
  transactions: number,
  requests: number,
  writes: number,
  throttled: number,
  retried: number,
  maxRssBytes: number,
});
const broker = z.looseObject({ sent: number, received: number, scheduled: number, deadLettered: number });

export interface SummaryAsk {
  readonly deps: Dependencies;
  readonly supervisor: Supervisor;
  readonly rollout: string;
  readonly verdict: Verdict;
  readonly wallMs: number;
  readonly virtualMs: number;
}

export async function summarizeRun({
  deps,
  supervisor,
  rollout,
  verdict,
  wallMs,
  virtualMs,
}: SummaryAsk): Promise<Record<string, unknown>> {
  const waves = await measureRollout(deps, rollout);
  const phases = addPhases(waves.map((wave) => wave.phases));
  const failures: Record<string, number> = {};
  for (const wave of waves)
    for (const [reason, count] of Object.entries(wave.failures)) failures[reason] = (failures[reason] ?? 0) + count;
  const instances = (await supervisor.askInstances("memory")).map((value) => instance.parse(value ?? {}));
  const sum = (name: "reads" | "transactions" | "requests" | "writes" | "throttled" | "retried"): number =>
    instances.reduce((total, one) => total + one[name], 0);
  const { sent, received, scheduled, deadLettered } = broker.parse((await supervisor.askBroker("stats")) ?? {});
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
    graph: { requests: sum("requests"), writes: sum("writes"), throttled: sum("throttled"), retried: sum("retried") },
    tables: { transactions: sum("transactions"), reads: sum("reads") },
    queue: { sent, received, scheduled, deadLettered },
    tenantCheck: { enforcedInTenant: verdict.enforcedInTenant, mismatches: verdict.mismatches },
    invariants: { checked: verdict.checked, violated: verdict.violations.length },
    wallMs,
    virtualMs,
    maxRssBytes: Math.max(0, ...instances.map((one) => one.maxRssBytes)),
  };
}
