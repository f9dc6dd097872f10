// One user's row against what the tenant itself says was done to that user. The witness is the tenant: where both could say something,
// the tenant's mails and times decide, never our own columns.
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS, HOUR_MS } from "../../../shared/domain/instant.ts";
import type { Policy } from "../../../shared/domain/policy.ts";

export interface Account {
  readonly id: string;
  readonly mfaState: string;
  readonly isBreakGlass: boolean;
  readonly registeredAt: Instant | null;
  readonly writes: readonly { readonly at: Instant; readonly requested: string | null }[];
  readonly mails: readonly { readonly at: Instant; readonly rollout: string | null; readonly notice: string | null }[];
}

/** Counts what was checked, and keeps what did not hold: `<invariant>: <what>`. */
export class Checks {
  checked = 0;
  readonly violations: string[] = [];

  expect(holds: boolean, violation: string): void {
    this.checked += 1;
    if (!holds) this.violations.push(violation);
  }
}

/** Registration evidence may be a day old, and the report itself runs behind by up to another. */
const EVIDENCE_MAX_AGE_MS = 2 * DAY_MS;
/** A deadline is a local time: between a mail and it the clocks may have changed. */
const CLOCK_CHANGE_MS = HOUR_MS;

export function judgeUser(checks: Checks, enrollment: Enrollment, seen: Account, policy: Policy): void {
  const { userId, state } = enrollment;
  const binds = seen.writes.filter(({ requested }) => requested === "enforced");
  const enables = seen.writes.filter(({ requested }) => requested === "enabled");
  for (const { at } of binds) judgeBinding(checks, enrollment, { seen, policy, at });
  for (const { at } of enables) {
    const early = seen.registeredAt !== null && seen.registeredAt < at - EVIDENCE_MAX_AGE_MS;
    checks.expect(
      !early || policy.registered === "at-once",
      `1: ${userId} was registered, and enabled by us: that binds at once`,
    );
  }
  const before = state.phase === "excluded" && state.was.phase === "queued";
  if (before)
    checks.expect(seen.writes.length === 0, `2: ${userId} was excluded before anything began, and was written to`);
  // The other way round proves nothing: a write whose answer was lost is known to the tenant alone.
  if (enrollment.written !== "nothing")
    checks.expect(
      seen.writes.some(({ requested }) => requested === enrollment.written),
      `4: ${userId} is recorded as written ${enrollment.written}, and the tenant saw no such write`,
    );
}

function judgeBinding(
  checks: Checks,
  { userId }: Enrollment,
  { seen, policy, at }: { readonly seen: Account; readonly policy: Policy; readonly at: Instant },
): void {
  const sent = seen.mails.filter((mail) => mail.at <= at).map((mail) => mail.at);
  const first = Math.min(...sent);
  const last = Math.max(...sent);
  checks.expect(sent.length > 0, `1: ${userId} was enforced and never told`);
  if (sent.length > 0) {
    checks.expect(
      at >= first + policy.graceMs - CLOCK_CHANGE_MS,
      `1: ${userId} was enforced within the grace of its notice`,
    );
    checks.expect(
      at >= last + policy.leastNoticeMs - CLOCK_CHANGE_MS,
      `1: ${userId} was enforced too soon after its last notice`,
    );
  }
  const registered = seen.registeredAt !== null && seen.registeredAt <= at;
  checks.expect(registered || policy.unregisteredThen === "enforce", `1: ${userId} was enforced without a method`);
}

/** Enforced in the tables is enforced in the tenant, and what we wrote `enforced` is known to the tables. */
export function isMismatch({ state, written }: Enrollment, { mfaState, writes }: Account): boolean {
  if (state.phase === "enforced") return mfaState !== "enforced";
  const bound = writes.some(({ requested }) => requested === "enforced");
  return bound && written !== "enforced" && state.phase !== "restored";
}

export function countDuplicates({ mails }: Account): number {
  const keys = mails.map(({ rollout, notice }) => `${rollout ?? ""}/${notice ?? ""}`);
  return keys.length - new Set(keys).size;
}
