// The headers of a wave, block by block: what is due, and how far everybody is.
import type { RolloutId } from "../domain/names.ts";
import type { HeaderAt } from "../domain/release.ts";
import type { Wave } from "../domain/rollout.ts";
import { blockCount } from "../domain/slice.ts";
import type { BatchStore } from "../ports/batch-store.ts";

export async function listWaveHeaders(
  batches: Pick<BatchStore, "listHeaders">,
  rollout: RolloutId,
  { id, batches: count }: Pick<Wave, "id" | "batches">,
): Promise<readonly HeaderAt[]> {
  const headers: HeaderAt[] = [];
  for (let block = 0; block < blockCount(count); block += 1) {
    headers.push(...(await batches.listHeaders(rollout, id, block)));
  }
  return headers;
}
