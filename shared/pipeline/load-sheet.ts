// A batch ready to be changed by an event of its users: its rows, and the policy of its rollout.
import type { BatchAddress } from "../domain/names.ts";
import type { BatchStore } from "../ports/batch-store.ts";
import type { ControlStore } from "../ports/control-store.ts";
import { Sheet } from "./sheet.ts";

/** @returns `null` when there is no such batch, or its rollout is not active @throws Unavailable */
export async function loadSheet(
  { batches, control }: { readonly batches: BatchStore; readonly control: ControlStore },
  address: BatchAddress,
): Promise<Sheet | null> {
  const [{ value }, batch] = await Promise.all([control.readControl(), batches.load(address)]);
  const policy = value.rollouts.find(({ id }) => id === address.rollout)?.policy;
  return batch === null || policy === undefined ? null : new Sheet(batch, policy);
}
