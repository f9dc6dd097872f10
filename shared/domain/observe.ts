// What the tenant was seen to say about a user. Unknown changes nothing; the newest look wins.
import type { Base, Enrollment } from "./enrollment.ts";
import { isLive, isWrapper, restoringSince } from "./enrollment.ts";
import { closeClaim } from "./claim.ts";
import type { EnrollmentEvent } from "./event.ts";
import { FAR_FUTURE } from "./instant.ts";
import type { Policy } from "./policy.ts";
import type { KnownMfaState } from "./names.ts";
import type { Outcome } from "./outcome.ts";
import { baseOf, enforcedFrom, FRESH, ignored, inside, moved, rewrap } from "./outcome.ts";

type RegistrationObserved = Extract<EnrollmentEvent, { kind: "registration-observed" }>;
type StateObserved = Extract<EnrollmentEvent, { kind: "state-observed" }>;

/** A person's decision is awaited after so many reverts (invariant 7). */
const REVERTS_MAX = 2;

export function observeRegistration(from: Enrollment, event: RegistrationObserved, policy: Policy): Outcome {
  if (from.state.phase === "restored") return ignored("already restored");
  if (event.at <= from.registration.at) return ignored("an older look");
  if (event.value === "unknown") return ignored("nothing was seen");
  const next: Enrollment = { ...from, registration: { value: event.value, at: event.at } };
  const { state } = from;
  const mends = event.value === "usable" && restoringSince(state) === undefined;
  if (mends && state.phase === "failed" && state.reason === "not-registered") {
    const was =
      state.was.phase === "notified"
        ? { ...state.was, enforceAfter: Math.max(state.was.enforceAfter, event.at + policy.leastNoticeMs) }
        : state.was;
    return moved({ ...next, state: was, ...FRESH });
  }
  return moved(next);
}

export function observeState(from: Enrollment, event: StateObserved): Outcome {
  const { mfaState, at } = event;
  if (mfaState === "unknown") return ignored("nothing was seen");
  if (from.state.phase === "restored") return ignored("already restored");
  if (from.prior.kind === "unobserved") return recordPrior(from, mfaState, at);
  const base = baseOf(from.state);
  if (base === null) return ignored("already restored");
  if (mfaState === "enforced") {
    if (base.phase === "enforced") return ignored("known to be enforced");
    // Graph turns `enabled` into `enforced` when the user registers: their own act, not a write of ours.
    return inside(from, (was) => enforcedFrom(was, at, "observed"), { ...closeClaim(from, at), ...FRESH });
  }
  return isRevert(from, base, mfaState) ? recordRevert(from, base, event) : ignored("as expected");
}

/** A recorded prior is never overwritten: this is the only writer, and it runs only while there is none. */
function recordPrior(from: Enrollment, mfaState: KnownMfaState, at: number): Outcome {
  const prior = { kind: "observed", mfaState, at } as const;
  if (mfaState !== "enforced") return moved({ ...from, prior });
  return inside(from, (was) => enforcedFrom(was, at, "found"), { prior, ...closeClaim(from, at), ...FRESH });
}

/** Somebody took back what we wrote, or what a user's registration had made of it. */
function isRevert(from: Enrollment, base: Base, seen: KnownMfaState): boolean {
  // The restore itself may have set it, also one whose answer was lost.
  if (restoringSince(from.state) !== undefined) return false;
  if (base.phase === "enforced") return base.how !== "found";
  return from.written !== "nothing" && seen === "disabled";
}

function recordRevert(from: Enrollment, base: Base, { at, by }: StateObserved): Outcome {
  const reverts = from.reverts + 1;
  const back = reopened(base, at);
  const common = { ...from, reverts, written: "nothing", ...(base.phase === "enforced" ? FRESH : {}) } as const;
  if (reverts >= REVERTS_MAX && from.state.phase === "held") {
    // A hold that runs out would let automation write a third time: now it ends only by a person.
    return moved({ ...common, state: { ...from.state, was: back, until: FAR_FUTURE } });
  }
  if (reverts >= REVERTS_MAX && (isLive(from.state) || from.state.phase === "enforced")) {
    const held = {
      phase: "held",
      was: back,
      reason: by === undefined ? "reverted-by-admin" : `reverted-by-admin: ${by}`,
      owner: "automation",
      at,
      until: FAR_FUTURE,
    } as const;
    return moved({ ...common, state: held });
  }
  return moved({ ...common, state: isWrapper(from.state) ? rewrap(from.state, back) : back });
}

/** The first revert is repaired once: the user stands again where the write is due. */
function reopened(base: Base, at: number): Base {
  if (base.phase !== "enforced") return base;
  return base.told.kind === "told"
    ? { phase: "notified", toldAt: base.told.toldAt, enforceAfter: base.told.enforceAfter }
    : { phase: "enabled", enabledAt: at, notice: "first-notice" };
}
