// Every answered step of a call was 401 or 403: that says nothing about its users. A canary tells a lost permission, which pauses the
// rollout, from protected objects, which fail one by one.
import { AUTOMATION, withStop } from "../domain/control.ts";
import { classify, isCircuitOpen } from "../domain/failure.ts";
import type { BatchAddress, WaveId } from "../domain/names.ts";
import type { Judged } from "./judge.ts";
import type { Sheet } from "./sheet.ts";
import type { StepDeps } from "./step-deps.ts";

export type CircuitVerdict = "closed" | "protected-objects" | "permission-missing";

export function looksOpen(judged: readonly Judged[]): boolean {
  return isCircuitOpen(
    judged.map(({ failure }) => (failure === null ? "done" : failure.reason === "no-answer" ? "unanswered" : failure)),
  );
}

/** Of a write: nobody is protected from being read. */
export async function judgeCircuit(deps: StepDeps, sheet: Sheet, judged: readonly Judged[]): Promise<CircuitVerdict> {
  if (!looksOpen(judged)) return "closed";
  const protectedObjects = await canaryAccepted(deps, sheet, new Set(judged.map(({ slot }) => slot)));
  return protectedObjects ? "protected-objects" : "permission-missing";
}

/** Writes one other user's current value: harmless, and refused only if the permission is gone. */
async function canaryAccepted(deps: StepDeps, sheet: Sheet, refused: ReadonlySet<number>): Promise<boolean> {
  const others = sheet.rows.filter(
    ({ slot, enrollment: { state } }) =>
      !refused.has(slot) && (state.phase === "enforced" || state.phase === "restored"),
  );
  const canary = others[0]?.enrollment.userId;
  // Nobody else to ask: a single user is judged by its own answer, a whole batch is not refused by chance.
  if (canary === undefined) return refused.size === 1;
  const [read] = await deps.directory.readMfaStates([canary]);
  // Writing `enabled` may bind at once: it is no harmless value.
  if (read?.kind !== "read" || read.value === "unknown" || read.value === "enabled") return false;
  const [answer] = await deps.directory.setMfaStates([canary], read.value);
  return answer !== undefined && classify("write", answer).kind === "done";
}

/** Stops the whole rollout, or a wave of it, in automation's name, with a reason that an operator can act on. */
export async function pauseRollout(
  deps: Pick<StepDeps, "control" | "clock" | "log">,
  address: BatchAddress,
  because: string,
  { restoreToo = false, wave = "*" }: { readonly restoreToo?: boolean; readonly wave?: WaveId } = {},
): Promise<void> {
  const also = restoreToo ? ({ restoreToo } as const) : {};
  const stop = { wave, because, by: AUTOMATION, at: deps.clock.now(), ...also } as const;
  await deps.control.updateControl((control) => withStop(control, address.rollout, stop));
  deps.log.error("rollout paused", { rollout: address.rollout, wave, because });
}
