// What is due in a batch, and what only has to be recorded.
import { decide } from "../domain/decide.ts";
import type { StepWork } from "./run-step.ts";
import type { StepDeps } from "./step-deps.ts";

/** Applies what needs no effect. @returns the slots on which the step is to act; break-glass accounts are never among them */
export function settleDue(deps: Pick<StepDeps, "clock" | "breakGlassIds" | "log">, work: StepWork): readonly number[] {
  const { sheet, nudge, rollout } = work;
  const now = deps.clock.now();
  const act: number[] = [];
  for (const { slot } of sheet.rows) {
    const { enrollment } = sheet.row(slot);
    if (deps.breakGlassIds.has(enrollment.userId) || rollout.breakGlass.includes(enrollment.userId)) {
      // Apply never enrolls one; a row that names one all the same is a bug or an attack, and is not touched (invariant 2).
      deps.log.error("a break-glass account is enrolled: not touched", { rollout: nudge.rollout, wave: nudge.wave });
      const restoring = enrollment.state.phase === "restoring";
      if (restoring) sheet.apply(slot, { kind: "gave-up", reason: "protected-object", at: now });
      else sheet.apply(slot, { kind: "excluded", reason: "break-glass", at: now });
      continue;
    }
    const decision = decide(nudge.step, enrollment, sheet.policy, now);
    if (decision.kind === "settle") sheet.apply(slot, decision.event);
    if (decision.kind === "act") act.push(slot);
  }
  return act;
}
