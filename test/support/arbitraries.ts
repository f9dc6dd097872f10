// Generated enrollments, events and lives. Instants come from a small grid and keys from a small pool, so that values meet:
// wide ranges would never hit "the same notice", "exactly at the deadline" or "an older look".
import * as fc from "fast-check";
import { decide } from "../../shared/domain/decide.ts";
import type { Decision } from "../../shared/domain/decide.ts";
import type { Base, Claim, Enrollment, NoticeRecord, Phase, State } from "../../shared/domain/enrollment.ts";
import { newEnrollment, NO_CLAIM, stepOf } from "../../shared/domain/enrollment.ts";
import type { EnrollmentEvent, EventKind } from "../../shared/domain/event.ts";
import { EVENT_KINDS } from "../../shared/domain/event.ts";
import type { Failure } from "../../shared/domain/failure.ts";
import { FAILURE_REASONS } from "../../shared/domain/failure.ts";
import { DAY_MS, FAR_FUTURE, HOUR_MS, MINUTE_MS } from "../../shared/domain/instant.ts";
import type { NoticeKey } from "../../shared/domain/names.ts";
import { MFA_STATES, STEPS } from "../../shared/domain/names.ts";
import type { Outcome } from "../../shared/domain/outcome.ts";
import type { Policy } from "../../shared/domain/policy.ts";
import { CLAIM_MS, RETRY } from "../../shared/domain/policy.ts";
import { earliestDeadline } from "../../shared/domain/deadline.ts";
import { transition } from "../../shared/domain/transition.ts";
import { unreachable } from "../../shared/domain/unreachable.ts";
import { aPolicy, T0, USER } from "./builders.ts";

/** Three weeks on a grid of six hours, and a minute to either side. */
export const anyInstant: fc.Arbitrary<number> = fc
  .tuple(fc.integer({ min: 0, max: 84 }), fc.constantFrom(0, 0, 0, -1, 1, MINUTE_MS))
  .map(([quarter, off]) => T0 + quarter * 6 * HOUR_MS + off);

export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    graceDays: fc.integer({ min: 1, max: 14 }),
    leastNoticeDays: fc.integer({ min: 1, max: 7 }),
    unregisteredWaitMs: fc.constantFrom(0, DAY_MS, 7 * DAY_MS, 14 * DAY_MS),
    unregisteredThen: fc.constantFrom("fail", "exclude", "hold", "enforce"),
    unregisteredReason: fc.constantFrom("", "agreed"),
    registered: fc.constantFrom("deferred", "at-once"),
  })
  .map(({ graceDays, leastNoticeDays, ...rest }) => ({
    ...rest,
    graceMs: graceDays * DAY_MS,
    leastNoticeMs: Math.min(graceDays, leastNoticeDays) * DAY_MS,
    retry: RETRY,
  }));

const NOTICES = ["first-notice", "follow-up-1", "follow-up-2", "methods-reset-1", "reminder-1"] as const;
const anyNotice: fc.Arbitrary<NoticeKey> = fc.constantFrom(...NOTICES);
const anyMfaState = fc.constantFrom(...MFA_STATES);

const anyQueued: fc.Arbitrary<Base> = fc.constant({ phase: "queued" });
const anyEnabled: fc.Arbitrary<Base> = fc.record({
  phase: fc.constant("enabled" as const),
  enabledAt: anyInstant,
  notice: anyNotice,
});
const anyNotified: fc.Arbitrary<Base> = fc.record({
  phase: fc.constant("notified" as const),
  toldAt: anyInstant,
  enforceAfter: anyInstant,
});
const anyEnforced: fc.Arbitrary<Base> = fc.record({
  phase: fc.constant("enforced" as const),
  enforcedAt: anyInstant,
  how: fc.constantFrom("written", "observed", "found"),
  told: fc.oneof(
    fc.constant({ kind: "not-told" as const }),
    fc.record({ kind: fc.constant("told" as const), toldAt: anyInstant, enforceAfter: anyInstant }),
  ),
});
const anyBase = fc.oneof(anyQueued, anyEnabled, anyNotified, anyEnforced);

const OWNERS = ["automation", "spec", "Dana", "Omar"];
const anyUntil = fc.oneof(anyInstant, fc.constant(FAR_FUTURE));

const STATES: Record<Phase, fc.Arbitrary<State>> = {
  queued: anyQueued,
  enabled: anyEnabled,
  notified: anyNotified,
  enforced: anyEnforced,
  failed: fc.record({
    phase: fc.constant("failed" as const),
    was: anyBase,
    reason: fc.constantFrom("not-registered", "not-registered", ...FAILURE_REASONS),
    at: anyInstant,
  }),
  excluded: fc.record({
    phase: fc.constant("excluded" as const),
    was: anyBase,
    reason: fc.constantFrom("user-gone", "service account"),
    at: anyInstant,
  }),
  held: fc.record({
    phase: fc.constant("held" as const),
    was: anyBase,
    reason: fc.constant("on leave"),
    owner: fc.constantFrom(...OWNERS),
    at: anyInstant,
    until: anyUntil,
  }),
  restoring: fc.record({ phase: fc.constant("restoring" as const), was: anyBase, at: anyInstant }),
  restored: fc.record({ phase: fc.constant("restored" as const), at: anyInstant }),
};

/** Sometimes every follow-up that there may be. */
const anyKeys: fc.Arbitrary<readonly NoticeKey[]> = fc.oneof(
  { weight: 4, arbitrary: fc.uniqueArray(anyNotice, { maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc.constant(["first-notice", ...[1, 2, 3, 4, 5].map((n) => `follow-up-${n}` as const)] as const),
  },
);

const anyRecords: fc.Arbitrary<readonly NoticeRecord[]> = anyKeys.chain((keys) =>
  fc.tuple(
    ...keys.map((notice) =>
      fc.record({
        notice: fc.constant(notice),
        at: anyInstant,
        outcome: fc.constantFrom("sent", "uncertain"),
        enforceAfter: anyInstant,
      }),
    ),
  ),
);

const anyOpenClaim: fc.Arbitrary<Claim> = fc
  .record({ notice: anyNotice, sender: fc.constant("sender-1"), claimedAt: anyInstant, enforceAfter: anyInstant })
  .map((claim) => ({ kind: "open", ...claim, expiresAt: claim.claimedAt + CLAIM_MS }));

/** An enrollment in a phase: any combination that the rules of the row allow, also such as no life has led to yet. */
export function enrollmentIn(phase: Phase): fc.Arbitrary<Enrollment> {
  return fc
    .record({
      state: STATES[phase],
      prior: fc.oneof(
        fc.constant({ kind: "unobserved" as const }),
        fc.record({ kind: fc.constant("observed" as const), mfaState: anyMfaState, at: anyInstant }),
      ),
      written: fc.constantFrom("nothing", "enabled", "enforced"),
      registration: fc.record({ value: fc.constantFrom("usable", "none", "unknown"), at: anyInstant }),
      attempt: fc.constantFrom(1, 2, RETRY.attemptsMax - 1, RETRY.attemptsMax),
      notBefore: fc.oneof(fc.constant(0), anyInstant),
      claim: fc.oneof(fc.constant({ kind: "none" as const }), anyOpenClaim),
      notices: anyRecords,
      reverts: fc.constantFrom(0, 1, 2),
    })
    .map((row) => lawful({ ...row, userId: USER }));
}

/** What holds in every row: no open claim once nobody may answer it, none for a notice on record, nothing written while queued. */
function lawful(row: Enrollment): Enrollment {
  const { claim, notices } = row;
  const base = baseIn(row.state);
  if (base === "queued") return { ...row, claim: NO_CLAIM, written: "nothing", notices: [] };
  const tried = (notice: NoticeKey): boolean => notices.some((record) => record.notice === notice);
  const mayClaim = ["enabled", "notified", "held", "excluded"].includes(row.state.phase) && base !== "enforced";
  const keepsClaim = mayClaim && claim.kind === "open" && !tried(claim.notice);
  return { ...row, state: waitingForUnsent(row.state, tried), claim: keepsClaim ? claim : NO_CLAIM };
}

function baseIn(state: State): Phase {
  return "was" in state ? state.was.phase : state.phase;
}

function waitingForUnsent(state: State, tried: (notice: NoticeKey) => boolean): State {
  if ("was" in state) return { ...state, was: unsent(state.was, tried) };
  return state.phase === "enabled" ? unsent(state, tried) : state;
}

function unsent(base: Base, tried: (notice: NoticeKey) => boolean): Base {
  if (base.phase !== "enabled" || !tried(base.notice)) return base;
  const notice = ([1, 2, 3, 4, 5, 6].map((n) => `follow-up-${n}`) as NoticeKey[]).find((key) => !tried(key));
  return { ...base, notice: notice ?? base.notice };
}

const anyFailure: fc.Arbitrary<Failure> = fc.record({
  reason: fc.constantFrom(...FAILURE_REASONS),
  disposition: fc.constantFrom("retry", "exclude", "fail", "uncertain"),
  countsAttempt: fc.boolean(),
  scope: fc.constantFrom("user", "circuit", "sender"),
  retryAfterMs: fc.constantFrom(0, 2_000, HOUR_MS),
});

/** Any event of a kind; half of those about a notice speak of the one that is claimed. */
export function eventFor(kind: EventKind, enrollment: Enrollment): fc.Arbitrary<EnrollmentEvent> {
  const { claim } = enrollment;
  const notice = claim.kind === "open" ? fc.oneof(fc.constant(claim.notice), anyNotice) : anyNotice;
  switch (kind) {
    case "notice-claimed":
      return fc.record({
        kind: fc.constant(kind),
        at: anyInstant,
        notice,
        sender: fc.constant("sender-2"),
        expiresAt: anyInstant,
        enforceAfter: anyInstant,
      });
    case "notice-sent":
    case "notice-uncertain":
      return fc.record({ kind: fc.constant(kind), at: anyInstant, notice });
    case "step-failed":
      return fc.record({
        kind: fc.constant(kind),
        at: anyInstant,
        step: fc.oneof(fc.constantFrom(...STEPS), fc.constant(stepOf(enrollment.state) ?? "notify")),
        failure: anyFailure,
        notBefore: anyInstant,
      });
    case "gave-up":
      return fc.record({ kind: fc.constant(kind), at: anyInstant, reason: fc.constantFrom(...FAILURE_REASONS) });
    case "registration-observed":
      return fc.record({
        kind: fc.constant(kind),
        at: anyInstant,
        value: fc.constantFrom("usable", "none", "unknown"),
      });
    case "state-observed":
      return fc.record({
        kind: fc.constant(kind),
        at: anyInstant,
        mfaState: fc.constantFrom(...MFA_STATES, "unknown"),
      });
    case "excluded":
      return fc.record({ kind: fc.constant(kind), at: anyInstant, reason: fc.constant("service account") });
    case "held":
      return fc.record({
        kind: fc.constant(kind),
        at: anyInstant,
        reason: fc.constant("on leave"),
        owner: fc.constantFrom(...OWNERS),
        until: anyUntil,
      });
    default:
      return fc.record({ kind: fc.constant(kind), at: anyInstant });
  }
}

/** One moment of a life: time passes, then something happens. `chance` decides how an effect ends. */
export interface Moment {
  readonly waitMs: number;
  readonly what: "step" | EventKind;
  readonly chance: number;
}

const NAP = [1, MINUTE_MS, HOUR_MS, DAY_MS, DAY_MS + 1, 8 * DAY_MS];

export const anyMoments: fc.Arbitrary<readonly Moment[]> = fc.array(
  fc.record({
    waitMs: fc.constantFrom(...NAP),
    // Mostly the pipeline's own work; the rest is whatever people, the tenant and late answers may do in between.
    what: fc.oneof(
      { weight: 6, arbitrary: fc.constant("step" as const) },
      { weight: 2, arbitrary: fc.constantFrom("notice-sent" as const, "held" as const, "released" as const) },
      { weight: 2, arbitrary: fc.constantFrom(...EVENT_KINDS) },
    ),
    chance: fc.integer({ min: 0, max: 999 }),
  }),
  { minLength: 5, maxLength: 40 },
);

export interface Lived {
  readonly before: Enrollment;
  readonly event: EnrollmentEvent;
  readonly outcome: Outcome;
  readonly now: number;
  /** What `decide` had said, where the event was a step of the pipeline. */
  readonly decision: Decision | null;
}

/** Plays a life from `queued`: every entry is one event and what `transition` made of it. */
export function live(moments: readonly Moment[], policy: Policy): readonly Lived[] {
  const lived: Lived[] = [];
  let enrollment = newEnrollment(USER);
  let now = T0;
  for (const { waitMs, what, chance } of moments) {
    now += waitMs;
    const step = stepOf(enrollment.state);
    const decision = what === "step" && step !== null ? decide(step, enrollment, policy, now) : null;
    const event =
      decision === null
        ? what === "step"
          ? null
          : intrusion(what, enrollment, chance, now)
        : eventOf(decision, enrollment, policy, { chance, now });
    if (event === null) continue;
    const outcome = transition(enrollment, event, policy);
    lived.push({ before: enrollment, event, outcome, now, decision });
    if (outcome.kind === "moved") enrollment = outcome.next;
  }
  return lived;
}

/** What the pipeline reports of a decision: often success, sometimes one of the failures. */
function eventOf(
  decision: Decision,
  enrollment: Enrollment,
  policy: Policy,
  { chance, now }: { readonly chance: number; readonly now: number },
): EnrollmentEvent | null {
  switch (decision.kind) {
    case "settle":
      return decision.event;
    case "wait":
    case "skip":
      return null;
    case "act":
      break;
    default:
      return unreachable(decision);
  }
  const { target } = decision;
  const step = stepOf(enrollment.state) ?? "enable";
  if (chance % 5 === 0 && target.kind !== "send-notice") return failed(step, chance, now);
  switch (target.kind) {
    case "observe-state":
      return { kind: "state-observed", at: now, mfaState: chance % 20 === 1 ? "enforced" : "disabled" };
    case "observe-methods":
      return { kind: "registration-observed", at: now, value: chance % 3 === 0 ? "none" : "usable" };
    case "send-notice":
      return claimOf(target.notice, policy, now);
    case "set-state":
      if (step === "restore") return { kind: "restore-succeeded", at: now };
      return { kind: target.mfaState === "enforced" ? "enforce-succeeded" : "enable-succeeded", at: now };
    default:
      return unreachable(target);
  }
}

function claimOf(notice: NoticeKey, policy: Policy, now: number): EnrollmentEvent {
  const enforceAfter = earliestDeadline(now, policy);
  return { kind: "notice-claimed", at: now, notice, sender: "sender-1", expiresAt: now + CLAIM_MS, enforceAfter };
}

function failed(step: "enable" | "notify" | "enforce" | "restore", chance: number, now: number): EnrollmentEvent {
  const disposition =
    chance % 7 === 0 ? "fail" : chance % 11 === 0 ? "exclude" : chance % 13 === 0 ? "uncertain" : "retry";
  const failure = {
    reason: "graph-unavailable",
    disposition,
    countsAttempt: chance % 2 === 0,
    scope: "user",
    retryAfterMs: 0,
  } as const;
  return { kind: "step-failed", step, failure, at: now, notBefore: now + MINUTE_MS };
}

/** Somebody else: operators, the tenant, late answers. Notices answer the open claim, for no mail leaves without one. */
function intrusion(kind: EventKind, enrollment: Enrollment, chance: number, now: number): EnrollmentEvent | null {
  switch (kind) {
    case "notice-claimed":
      return enrollment.state.phase === "enabled" ? null : claimOf("reminder-1", aPolicy(), now);
    case "notice-sent":
    case "notice-uncertain":
      return answerOf(kind, enrollment, now);
    case "step-failed":
      return failed(chance % 3 === 0 ? "notify" : (stepOf(enrollment.state) ?? "notify"), chance, now);
    case "gave-up":
      return { kind, at: now, reason: chance % 2 === 0 ? "dead-lettered" : "not-registered" };
    case "registration-observed":
      return { kind, at: now, value: chance % 2 === 0 ? "usable" : "none" };
    case "state-observed":
      return { kind, at: now, mfaState: chance % 3 === 0 ? "disabled" : chance % 3 === 1 ? "enabled" : "enforced" };
    case "excluded":
      return { kind, at: now, reason: "service account" };
    case "held": {
      const owner = OWNERS[chance % OWNERS.length] ?? "Dana";
      return { kind, at: now, reason: "on leave", owner, until: now + (chance % 3) * DAY_MS };
    }
    default:
      return { kind, at: now };
  }
}

function answerOf(
  kind: "notice-sent" | "notice-uncertain",
  { claim, notices }: Enrollment,
  now: number,
): EnrollmentEvent | null {
  const notice = claim.kind === "open" ? claim.notice : notices.at(-1)?.notice;
  return notice === undefined ? null : { kind, at: now, notice };
}
