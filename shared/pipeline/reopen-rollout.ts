// A rollout that had ended goes on when somebody of it comes back: a late registration, a letter that is replayed, a row that is mended.
import type { RolloutId } from "../domain/names.ts";
import type { RolloutStore } from "../ports/rollout-store.ts";

/** @throws Conflict when somebody else changed the rollout · Unavailable */
export async function reopenRollout(
  { rollouts }: { readonly rollouts: RolloutStore },
  rollout: RolloutId,
): Promise<void> {
  const view = await rollouts.read(rollout);
  if (view?.rollout.value.status !== "completed") return;
  await rollouts.saveRollout({ value: { ...view.rollout.value, status: "active" }, etag: view.rollout.etag });
}
