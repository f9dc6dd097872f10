// One batch of an active rollout on memory ports: for what the domain promises of a row only together with the handlers.
import { zoneCalendar } from "../../../shared/calendar/zone-calendar.ts";
import { NEW_CONTROL, withRollout } from "../../../shared/domain/control.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { summarize } from "../../../shared/domain/header.ts";
import type { Step, UserId } from "../../../shared/domain/names.ts";
import type { Policy } from "../../../shared/domain/policy.ts";
import { MemoryDirectory } from "../../../shared/memory/memory-directory.ts";
import { MemoryNotifier } from "../../../shared/memory/memory-notifier.ts";
import { MemoryStepQueue } from "../../../shared/memory/memory-step-queue.ts";
import { createMemoryTables } from "../../../shared/memory/memory-tables.ts";
import { MemoryTenant } from "../../../shared/memory/memory-tenant.ts";
import { RecordingLog } from "../../../shared/memory/recording-log.ts";
import { QuickHash, SeededRandom } from "../../../shared/memory/seeded-chance.ts";
import { VirtualClock } from "../../../shared/memory/virtual-clock.ts";
import type { StepHandler, StepResult } from "../../../shared/pipeline/run-step.ts";
import { runStep } from "../../../shared/pipeline/run-step.ts";
import type { StepDeps } from "../../../shared/pipeline/step-deps.ts";
import type { TableStores } from "../../../shared/tables/create-stores.ts";
import { createStores } from "../../../shared/tables/create-stores.ts";
import { aPolicy, T0 } from "../../support/builders.ts";

const ADDRESS = { rollout: "pilot", wave: "first", batch: 0 } as const;
const TENANT = "44444444-0000-4000-8000-000000000001";

export class OneBatch {
  readonly clock = new VirtualClock(T0);
  readonly tenant = new MemoryTenant();
  readonly queue = new MemoryStepQueue();
  readonly deps: StepDeps & TableStores;

  private constructor() {
    let ids = 0;
    this.deps = {
      ...createStores(createMemoryTables(), { tenant: TENANT, hash: new QuickHash() }),
      tenant: TENANT,
      directory: new MemoryDirectory(this.tenant),
      notifier: new MemoryNotifier(this.tenant, this.clock),
      notices: { write: async () => ({ subject: "", html: "", text: "" }) },
      queue: this.queue,
      calendarOf: zoneCalendar,
      clock: this.clock,
      ids: { newId: () => `commit-${String((ids += 1))}` },
      random: new SeededRandom(1),
      log: new RecordingLog(),
      breakGlassIds: new Set<UserId>(),
    };
  }

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
