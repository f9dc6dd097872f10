// Plans and applies a seed's rollout as a person does, before any fault.
import { nodeHash } from "../../../shared/azure/node-chance.ts";
import type { RolloutSpec } from "../../../shared/domain/spec.ts";
import { MemoryDirectory } from "../../../shared/memory/memory-directory.ts";
import type { MemoryTenant } from "../../../shared/memory/memory-tenant.ts";
import { applyRollout } from "../../../shared/pipeline/apply-rollout.ts";
import { readReport } from "../../../shared/pipeline/check-registration.ts";
import { planRollout } from "../../../shared/pipeline/plan-rollout.ts";
import type { Tables } from "../../../shared/ports/entity-table.ts";
import { createStores } from "../../../shared/tables/create-stores.ts";
import { BREAK_GLASS, START } from "./people.ts";
import { calendarOf, TENANT } from "./sim-deps.ts";

export async function applySpec(
  spec: RolloutSpec,
  parts: { readonly tables: Tables; readonly tenant: MemoryTenant; readonly newId: () => string },
): Promise<void> {
  const { tables, tenant, newId } = parts;
  const report = await readReport(new MemoryDirectory(tenant), START);
  const users = [...tenant.people.values()].map(({ user }) => user);
  const calendar = calendarOf(spec.timeZone);
  const plan = planRollout({ spec, users, ...report, breakGlass: BREAK_GLASS, calendar, now: START });
  await applyRollout({ ...createStores(tables, { tenant: TENANT, hash: nodeHash }), ids: { newId } }, plan);
}
