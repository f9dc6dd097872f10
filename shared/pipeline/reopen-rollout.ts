// A rollout that had ended goes on when somebody of it comes back: a late registration, a letter that is replayed, a row that is mended.
import type { RolloutId } from "../domain/names.ts";
import type { Rollout } from "../domain/rollout.ts";
import type { RolloutStore, Stored } from "../ports/rollout-store.ts";

/** @throws Conflict when somebody else changed the rollout · Unavailable */
export async function reopenRollout(
  { rollouts }: { readonly rollouts: RolloutStore },
  rollout: RolloutId,
): Promise<void> {
  const view = await rollouts.read(rollout);
  if (view !== null) await reopenStored({ rollouts }, view.rollout);
}

/** For who has read it already. @throws Conflict when somebody else changed the rollout · Unavailable */
export async function reopenStored(
  { rollouts }: { readonly rollouts: RolloutStore },
  { value, etag }: Stored<Rollout>,
): Promise<void> {
  if (value.status === "completed") await rollouts.saveRollout({ value: { ...value, status: "active" }, etag });
}
