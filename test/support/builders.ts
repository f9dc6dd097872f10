// Things of the domain with sensible values: a test names only what it is about.
import type { Answer, Failure } from "../../shared/domain/failure.ts";
import type { Enrollment, Notified, State } from "../../shared/domain/enrollment.ts";
import { newEnrollment } from "../../shared/domain/enrollment.ts";
import type { EnrollmentEvent } from "../../shared/domain/event.ts";
import type { Header } from "../../shared/domain/header.ts";
import { emptyPhases, NOTHING_DUE } from "../../shared/domain/header.ts";
import { DAY_MS, HOUR_MS } from "../../shared/domain/instant.ts";
import type { Outcome } from "../../shared/domain/outcome.ts";
import type { Policy } from "../../shared/domain/policy.ts";
import { RETRY } from "../../shared/domain/policy.ts";
import { transition } from "../../shared/domain/transition.ts";

/** Monday, 2 March 2026, 08:00 UTC. */
export const T0 = Date.UTC(2026, 2, 2, 8);

export const USER = "00000000-0000-4000-8000-000000000001";

export function aPolicy(change: Partial<Policy> = {}): Policy {
  return {
    graceMs: 7 * DAY_MS,
    leastNoticeMs: 3 * DAY_MS,
    unregisteredWaitMs: 14 * DAY_MS,
    unregisteredThen: "fail",
    unregisteredReason: "",
    registered: "deferred",
    retry: RETRY,
    ...change,
  };
}

export function anEnrollment(change: Partial<Enrollment> = {}): Enrollment {
  return { ...newEnrollment(USER), ...change };
}

export function inState(state: State, change: Partial<Enrollment> = {}): Enrollment {
  return anEnrollment({ prior: { kind: "observed", mfaState: "disabled", at: T0 }, ...change, state });
}

export function notified(change: Partial<Notified> = {}): Notified {
  return { phase: "notified", toldAt: T0, enforceAfter: T0 + 8 * DAY_MS, ...change };
}

export function openClaim(notice: Enrollment["notices"][number]["notice"], claimedAt: number): Enrollment["claim"] {
  return {
    kind: "open",
    notice,
    sender: "sender-1",
    claimedAt,
    expiresAt: claimedAt + HOUR_MS / 4,
    enforceAfter: claimedAt + 8 * DAY_MS,
  };
}

export function aFailure(change: Partial<Failure> = {}): Failure {
  return {
    reason: "graph-unavailable",
    disposition: "retry",
    countsAttempt: true,
    scope: "user",
    retryAfterMs: 0,
    ...change,
  };
}

export function answered(status: number, code = "", retryAfterMs = 0): Answer {
  return { kind: "answered", status, code, retryAfterMs };
}

/** What is left after these events; each must change something. */
export function after(from: Enrollment, events: readonly EnrollmentEvent[], policy: Policy = aPolicy()): Enrollment {
  return events.reduce((enrollment, event) => movedTo(transition(enrollment, event, policy)), from);
}

export function movedTo(outcome: Outcome): Enrollment {
  if (outcome.kind !== "moved") throw new Error(`expected a move, but it was ${outcome.kind}: ${outcome.because}`);
  return outcome.next;
}

export function aHeader(change: Partial<Header> = {}): Header {
  return {
    seq: 1,
    phases: emptyPhases(),
    due: { enable: NOTHING_DUE, notify: NOTHING_DUE, enforce: NOTHING_DUE, restore: NOTHING_DUE },
    failures: {},
    notices: { sent: 0, uncertain: 0 },
    writes: 0,
    nudgeAt: 0,
    chain: "",
    ...change,
  };
}
