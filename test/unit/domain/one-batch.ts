// One batch of an active rollout on memory ports: for what the domain promises of a row only together with the handlers.
import { NEW_CONTROL, withRollout } from "../../../shared/domain/control.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { summarize } from "../../../shared/domain/header.ts";
import type { Step, UserId } from "../../../shared/domain/names.ts";
import type { Policy } from "../../../shared/domain/policy.ts";
import type { MemoryTenant } from "../../../shared/memory/memory-tenant.ts";
import type { StepHandler, StepResult } from "../../../shared/pipeline/run-step.ts";
import { runStep } from "../../../shared/pipeline/run-step.ts";
import { aPolicy, T0 } from "../../support/builders.ts";
import { createMemoryDeps, TENANT } from "../../support/memory-deps.ts";

const ADDRESS = { rollout: "pilot", wave: "first", batch: 0 } as const;
export class OneBatch {
  readonly #made = createMemoryDeps(T0);
  readonly deps = this.#made.deps;
  readonly clock = this.#made.clock;
  readonly tenant = this.#made.tenant;
  readonly queue = this.#made.queue;

  static async open(enrollments: readonly Enrollment[], policy: Policy = aPolicy()): Promise<OneBatch> {
    const one = new OneBatch();
    const rollout = { id: ADDRESS.rollout, policy, timeZone: "UTC", helpContact: "", breakGlass: [], stops: [] };
    await one.deps.control.updateControl(() => withRollout(NEW_CONTROL, rollout));
    await one.deps.batches.create({
      address: ADDRESS,
      rows: enrollments.map((enrollment, slot) => ({ slot, enrollment })),
      summary: summarize(enrollments, policy),
      at: T0,
      actor: "Dana",
      cause: "apply",
      commitId: "create",
    });
    for (const { userId } of enrollments) one.tenant.add(personOf(userId));
    return one;
  }

  /** One nudge of that step, handled now. */
  async run(step: Step, handler: StepHandler): Promise<StepResult> {
    return runStep(this.deps, { ...ADDRESS, tenant: TENANT, step, grant: [] }, handler);
  }

  async rows(): Promise<readonly Enrollment[]> {
    const batch = await this.deps.batches.load(ADDRESS);
    return (batch?.rows ?? []).map(({ enrollment }) => enrollment);
  }
}

function personOf(id: UserId): Parameters<MemoryTenant["add"]>[0] {
  return {
    id,
    userPrincipalName: `${id}@contoso.example`,
    displayName: id,
    mail: `${id}@contoso.example`,
    department: null,
    userType: "Member",
    accountEnabled: true,
    preferredLanguage: null,
    createdAt: 0,
  };
}
