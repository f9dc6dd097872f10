// What an event makes of an enrollment: total over every phase and event, pure, and the only place that changes one.
// docs/SPEC.md prints the table; test/unit/domain/transition-table.test.ts reaches each cell.
// Guards (never early, never unregistered) live in `decide`: this function accepts what the tenant says has happened.
import type { Base, Enrollment, State, Wrapper } from "./enrollment.ts";
import { isLive, isWrapper, restoringSince } from "./enrollment.ts";
import { closeClaim, countNotices, withUnsentNotice } from "./claim.ts";
import { AUTOMATION } from "./control.ts";
import type { Outcome } from "./outcome.ts";
import {
  baseOf,
  enforcedFrom,
  excludeAsGone,
  fail,
  FRESH,
  ignored,
  inside,
  moved,
  refuse,
  restoreLeftBy,
  rewrap,
  USER_GONE,
} from "./outcome.ts";
import type { EnrollmentEvent, EventKind } from "./event.ts";
import type { Instant } from "./instant.ts";
import type { Policy } from "./policy.ts";
import { observeRegistration, observeState } from "./observe.ts";
import { claimNotice, settleNotice } from "./notice.ts";
import { failStep } from "./fail-step.ts";
import { unreachable } from "./unreachable.ts";

type EventOf<K extends EventKind> = Extract<EnrollmentEvent, { kind: K }>;

export function transition(from: Enrollment, event: EnrollmentEvent, policy: Policy): Outcome {
  const outcome = apply(from, event, policy);
  return outcome.kind === "moved" ? moved(withNoticeToSend(outcome.next)) : outcome;
}

/** One place for all ways into `enabled`: the notice that is waited for is never one that is on record. */
function withNoticeToSend(next: Enrollment): Enrollment {
  const base = baseOf(next.state);
  if (base === null) return next;
  const waiting = withUnsentNotice(base, next);
  if (waiting === base) return next;
  return { ...next, state: isWrapper(next.state) ? rewrap(next.state, waiting) : waiting };
}

function apply(from: Enrollment, event: EnrollmentEvent, policy: Policy): Outcome {
  switch (event.kind) {
    case "enable-succeeded":
    case "enable-deferred":
      return settleEnable(from, event);
    case "notice-claimed":
      return claimNotice(from, event);
    case "notice-sent":
    case "notice-uncertain":
      return settleNotice(from, event);
    case "enforce-succeeded":
      return settleEnforce(from, event.at);
    case "step-failed":
      return failStep(from, event, policy);
    case "gave-up":
      return giveUp(from, event);
    case "registration-observed":
      return observeRegistration(from, event, policy);
    case "state-observed":
      return observeState(from, event);
    case "user-gone":
      return excludeAsGone(from, event.at);
    case "methods-reset":
      return resetMethods(from, event.at);
    default:
      return operatorEvent(from, event, policy);
  }
}

type OperatorEvent = EventOf<
  | "excluded"
  | "reinstated"
  | "held"
  | "released"
  | "retry-requested"
  | "user-returned"
  | "restore-requested"
  | "restore-succeeded"
>;

function operatorEvent(from: Enrollment, event: OperatorEvent, policy: Policy): Outcome {
  switch (event.kind) {
    case "excluded":
      return exclude(from, event.reason, event.at);
    case "held":
      return hold(from, event);
    case "reinstated":
      return from.state.phase === "excluded"
        ? comeBack(from, from.state, event.at, policy)
        : refuse(from, "reinstated");
    case "released":
      return from.state.phase === "held" ? comeBack(from, from.state, event.at, policy) : refuse(from, "released");
    case "retry-requested":
      return from.state.phase === "failed"
        ? comeBack(from, from.state, event.at, policy)
        : refuse(from, "retry-requested");
    case "user-returned":
      return from.state.phase === "excluded" && from.state.reason === USER_GONE
        ? comeBack(from, from.state, event.at, policy)
        : ignored("the user was not gone");
    case "restore-requested":
      return requestRestore(from, event.at);
    case "restore-succeeded":
      return settleRestore(from, event.at);
    default:
      return unreachable(event);
  }
}

function giveUp(from: Enrollment, event: EventOf<"gave-up">): Outcome {
  const { state } = from;
  if (isLive(state)) return fail(from, state, event);
  return state.phase === "restoring" ? fail(from, state.was, event) : refuse(from, "gave-up");
}

function settleEnable(from: Enrollment, event: EventOf<"enable-succeeded" | "enable-deferred">): Outcome {
  if (from.state.phase === "restored" && event.kind === "enable-succeeded") {
    return undoAgain(from, { phase: "enabled", enabledAt: event.at, notice: "first-notice" }, event.at, "enabled");
  }
  const wrote = event.kind === "enable-succeeded" && from.written === "nothing";
  const written = wrote ? { written: "enabled" as const } : {};
  return inside(
    from,
    (base) =>
      base.phase === "queued"
        ? { phase: "enabled", enabledAt: event.at, notice: "first-notice" }
        : wrote
          ? base
          : `already ${base.phase}`,
    baseOf(from.state)?.phase === "queued" ? { ...written, ...FRESH } : written,
  );
}

function settleEnforce(from: Enrollment, at: Instant): Outcome {
  if (from.state.phase === "restored") {
    return undoAgain(from, enforcedFrom({ phase: "queued" }, at, "written"), at, "enforced");
  }
  const fresh = baseOf(from.state)?.phase !== "enforced";
  return inside(
    from,
    (was) =>
      was.phase === "enforced" && from.written === "enforced" ? "already enforced" : enforcedFrom(was, at, "written"),
    fresh ? { written: "enforced", ...closeClaim(from, at), ...FRESH } : { written: "enforced" },
  );
}

/** A write that was in flight when the user was restored has changed the tenant: it is undone as well. */
function undoAgain(from: Enrollment, was: Base, at: Instant, written: "enabled" | "enforced"): Outcome {
  return moved({ ...from, state: { phase: "restoring", was, at }, written, ...FRESH });
}

/** Also late, after the restore was given up: the tenant has the prior state, whatever we think of the user now. */
function settleRestore(from: Enrollment, at: Instant): Outcome {
  const { phase } = from.state;
  if (phase === "restored") return ignored("already restored");
  if (phase !== "restoring" && phase !== "failed" && phase !== "excluded") return refuse(from, "restore-succeeded");
  return moved({ ...from, state: { phase: "restored", at }, ...closeClaim(from, at), ...FRESH });
}

function exclude(from: Enrollment, reason: string, at: Instant): Outcome {
  const { state } = from;
  if (isLive(state)) return moved({ ...from, state: { phase: "excluded", was: state, reason, at } });
  if (state.phase === "failed" || state.phase === "held") {
    return moved({ ...from, state: { phase: "excluded", was: state.was, reason, at, ...restoreLeftBy(state) } });
  }
  return state.phase === "excluded" ? ignored("already excluded") : refuse(from, "excluded");
}

const NOT_A_PERSON: ReadonlySet<string> = new Set([AUTOMATION, "spec"]);

function hold(from: Enrollment, event: EventOf<"held">): Outcome {
  const { state } = from;
  const { reason, owner, at, until } = event;
  if (isLive(state)) return moved({ ...from, state: { phase: "held", was: state, reason, owner, at, until } });
  if (state.phase === "held" && NOT_A_PERSON.has(owner) && !NOT_A_PERSON.has(state.owner)) {
    return ignored(`held by ${state.owner}, whom automation does not override`); // invariant 7
  }
  // A newer hold replaces the older: the last person to speak owns it.
  if (state.phase === "held") return moved({ ...from, state: { ...state, reason, owner, at, until } });
  return refuse(from, "held");
}

/** Back from a wrapper, as it was, with at least the least notice before anything binds; a restore goes on (invariant 12). */
function comeBack(from: Enrollment, wrapper: Wrapper, at: Instant, policy: Policy): Outcome {
  const { was } = wrapper;
  const since = restoringSince(wrapper);
  if (since !== undefined) return moved({ ...from, state: { phase: "restoring", was, at: since } });
  const state: Base =
    was.phase === "notified" ? { ...was, enforceAfter: Math.max(was.enforceAfter, at + policy.leastNoticeMs) } : was;
  return moved({ ...from, state });
}

function requestRestore(from: Enrollment, at: Instant): Outcome {
  const { state } = from;
  if (state.phase === "restored" || state.phase === "restoring") return ignored(`already ${state.phase}`);
  const was = isWrapper(state) ? state.was : state;
  if (was.phase === "enforced" && was.how === "found")
    return ignored("was enforced before the rollout: nothing of ours to undo");
  // No write leaves before the prior state is on record, so without one there is nothing to undo. With one there may be, although
  // no success was recorded: the answer may be lost. Restoring is an "ensure": where nothing is to undo it costs a read.
  const untouched = from.written === "nothing" && from.prior.kind === "unobserved";
  const next: State = untouched ? { phase: "restored", at } : { phase: "restoring", was, at };
  return moved({ ...from, state: next, ...closeClaim(from, at), ...FRESH });
}

/** The helpdesk took the methods away: MFA state is `enabled` again, and a notice of its own starts a new grace. */
function resetMethods(from: Enrollment, at: Instant): Outcome {
  const closed = closeClaim(from, at);
  const resets = countNotices(closed, "methods-reset");
  const registration = { value: "none", at } as const;
  return inside(
    from,
    (was) =>
      was.phase === "queued" ? was : { phase: "enabled", enabledAt: at, notice: `methods-reset-${resets + 1}` },
    baseOf(from.state)?.phase === "queued" ? { registration } : { registration, ...closed, ...FRESH },
  );
}
