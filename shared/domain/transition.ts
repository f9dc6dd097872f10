// What an event makes of an enrollment: total over every phase and event, pure, and the only place that changes one.
// docs/SPEC.md prints the table; test/unit/domain/transition-table.test.ts reaches each cell.
// Guards (never early, never unregistered) live in `decide`: this function accepts what the tenant says has happened.
import type { Base, Enrollment, State, Wrapper } from "./enrollment.ts";
import { isLive, isWrapper, NO_CLAIM } from "./enrollment.ts";
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
      return from.state.phase === "restoring"
        ? moved({ ...from, state: { phase: "restored", at: event.at }, attempt: 1, notBefore: 0 })
        : refuse(from, "restore-succeeded");
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
  const fresh = baseOf(from.state)?.phase !== "enforced";
  return inside(
    from,
    (was) =>
      was.phase === "enforced" && from.written === "enforced" ? "already enforced" : enforcedFrom(was, at, "written"),
    fresh ? { written: "enforced", claim: NO_CLAIM, ...FRESH } : { written: "enforced" },
  );
}

function exclude(from: Enrollment, reason: string, at: Instant): Outcome {
  const { state } = from;
  if (isLive(state)) return moved({ ...from, state: { phase: "excluded", was: state, reason, at } });
  if (state.phase === "failed" || state.phase === "held") {
    return moved({ ...from, state: { phase: "excluded", was: state.was, reason, at } });
  }
  return state.phase === "excluded" ? ignored("already excluded") : refuse(from, "excluded");
}

function hold(from: Enrollment, event: EventOf<"held">): Outcome {
  const { state } = from;
  const { reason, owner, at, until } = event;
  if (isLive(state)) return moved({ ...from, state: { phase: "held", was: state, reason, owner, at, until } });
  // A newer hold replaces the older: the last person to speak owns it.
  if (state.phase === "held") return moved({ ...from, state: { ...state, reason, owner, at, until } });
  return refuse(from, "held");
}

/** Back from a wrapper, with at least the least notice before anything binds. */
function comeBack(from: Enrollment, wrapper: Wrapper, at: Instant, policy: Policy): Outcome {
  const { was } = wrapper;
  const state: Base =
    was.phase === "notified" ? { ...was, enforceAfter: Math.max(was.enforceAfter, at + policy.leastNoticeMs) } : was;
  return moved({ ...from, state, ...FRESH });
}

function requestRestore(from: Enrollment, at: Instant): Outcome {
  const { state } = from;
  if (state.phase === "restored" || state.phase === "restoring") return ignored(`already ${state.phase}`);
  const was = isWrapper(state) ? state.was : state;
  if (was.phase === "enforced" && was.how === "found")
    return ignored("was enforced before the rollout: nothing of ours to undo");
  // Nothing was written: there is nothing to undo in the tenant, and a roll back must not leave the user under way.
  const next: State = from.written === "nothing" ? { phase: "restored", at } : { phase: "restoring", was, at };
  return moved({ ...from, state: next, claim: NO_CLAIM, ...FRESH });
}

/** The helpdesk took the methods away: MFA state is `enabled` again, and a notice of its own starts a new grace. */
function resetMethods(from: Enrollment, at: Instant): Outcome {
  const resets = from.notices.filter((record) => record.notice.startsWith("methods-reset-")).length;
  const registration = { value: "none", at } as const;
  return inside(
    from,
    (was) =>
      was.phase === "queued" ? was : { phase: "enabled", enabledAt: at, notice: `methods-reset-${resets + 1}` },
    baseOf(from.state)?.phase === "queued" ? { registration } : { registration, claim: NO_CLAIM, ...FRESH },
  );
}
