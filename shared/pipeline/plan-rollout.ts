// Who is in which wave, when each wave starts, and who is left out and why. Pure: what apply does is exactly this (invariant 9).
import type { Instant } from "../domain/instant.ts";
import { DAY_MS } from "../domain/instant.ts";
import type { Enrollment } from "../domain/enrollment.ts";
import { newEnrollment } from "../domain/enrollment.ts";
import type { SenderId, UserId, WaveId } from "../domain/names.ts";
import type { Policy } from "../domain/policy.ts";
import type { RegistrationValue } from "../domain/registration.ts";
import type { RolloutSpec, UserRef } from "../domain/spec.ts";
import { policyOf } from "../domain/spec.ts";
import { transition } from "../domain/transition.ts";
import { assignWaves } from "../domain/waves.ts";
import type { Calendar } from "../ports/calendar.ts";
import type { BreakGlassAccount, DirectoryUser } from "../ports/directory.ts";
import type { Person } from "../ports/people-stores.ts";

export interface PlannedWave {
  readonly id: WaveId;
  readonly startAt: Instant;
  readonly enrollments: readonly Enrollment[];
}

export interface RolloutPlan {
  readonly spec: RolloutSpec;
  readonly policy: Policy;
  readonly helpContact: string;
  readonly waves: readonly PlannedWave[];
  readonly breakGlass: readonly UserId[];
  readonly senders: readonly SenderId[];
  readonly people: readonly Person[];
  readonly registrations: ReadonlyMap<UserId, RegistrationValue>;
  readonly reportAt: Instant;
  /** What a person should know and nothing was refused for. */
  readonly notes: readonly string[];
  readonly now: Instant;
}

export interface PlanAsk {
  readonly spec: RolloutSpec;
  readonly users: readonly DirectoryUser[];
  readonly registrations: ReadonlyMap<UserId, RegistrationValue>;
  /** 0 = there is no report: everybody's registration is unknown. */
  readonly reportAt: Instant;
  readonly breakGlass: readonly BreakGlassAccount[];
  readonly calendar: Calendar;
  readonly now: Instant;
}

export function planRollout(ask: PlanAsk): RolloutPlan {
  const { spec, users, registrations, calendar, now } = ask;
  const policy = policyOf(spec);
  const breakGlass = ask.breakGlass.map(({ id }) => id);
  const accepted = users.filter((user) => !breakGlass.includes(user.id) && !isSender(spec.senders, user));
  const assignment = assignWaves(
    spec.rollout,
    spec.waves,
    accepted.map(({ id, userPrincipalName, department }) => ({ userId: id, userPrincipalName, department })),
  );
  const byId = new Map(accepted.map((user) => [user.id, user]));
  const unassigned = new Set(assignment.unassigned);
  const enroll = (userId: UserId): Enrollment =>
    enrollUser(ask, policy, { user: byId.get(userId), userId, inNoWave: unassigned.has(userId) });
  const waves = spec.waves.map((wave, index): PlannedWave => {
    const members = assignment.byWave.get(wave.id) ?? [];
    // Whom no wave names is accepted all the same, and is told apart by its reason: nobody is silently skipped (invariant 3).
    const ids = index === spec.waves.length - 1 ? [...members, ...assignment.unassigned] : members;
    return { id: wave.id, startAt: calendar.toInstant(wave.start), enrollments: ids.map(enroll) };
  });
  return {
    spec,
    policy,
    helpContact: "your IT helpdesk",
    waves,
    breakGlass,
    senders: spec.senders,
    people: accepted.map(toPerson),
    registrations,
    reportAt: ask.reportAt,
    notes: notesOf(spec, users, ask.breakGlass),
    now,
  };
}

interface Accepted {
  readonly userId: UserId;
  readonly user: DirectoryUser | undefined;
  readonly inNoWave: boolean;
}

function enrollUser(ask: PlanAsk, policy: Policy, { userId, user, inNoWave }: Accepted): Enrollment {
  const value = ask.registrations.get(userId) ?? "unknown";
  const registration = { value, at: value === "unknown" ? 0 : ask.reportAt };
  const fresh: Enrollment = { ...newEnrollment(userId), registration };
  const reason = inNoWave ? "in-no-wave" : exclusionOf(ask.spec, user);
  if (reason === null) return fresh;
  const outcome = transition(fresh, { kind: "excluded", reason, at: ask.now }, policy);
  return outcome.kind === "moved" ? outcome.next : fresh;
}

function exclusionOf(spec: RolloutSpec, user: DirectoryUser | undefined): string | null {
  if (user === undefined) return "not-in-directory";
  const named = spec.exclusions.find((exclusion) => isUser(exclusion.user, user));
  if (named !== undefined) return named.reason;
  if (user.userType === "Guest") return "guest";
  if (!user.accountEnabled) return "account-disabled";
  // Who cannot be told must not be enforced (invariant 1): left out with a reason, not failed weeks later.
  return user.mail === "" ? "no-address" : null;
}

function isUser(ref: UserRef, user: DirectoryUser): boolean {
  return ref.kind === "id" ? ref.id === user.id : ref.userPrincipalName === user.userPrincipalName.toLowerCase();
}

function isSender(senders: readonly SenderId[], user: DirectoryUser): boolean {
  const names = [user.id, user.mail.toLowerCase(), user.userPrincipalName.toLowerCase()];
  return senders.some((sender) => names.includes(sender.toLowerCase()));
}

function toPerson(user: DirectoryUser): Person {
  const { id, displayName, userPrincipalName, mail, preferredLanguage } = user;
  return { userId: id, displayName, userPrincipalName, mail, language: preferredLanguage ?? "" };
}

function notesOf(
  spec: RolloutSpec,
  users: readonly DirectoryUser[],
  breakGlass: readonly BreakGlassAccount[],
): readonly string[] {
  const missing = spec.exclusions.filter(({ user }) => !users.some((one) => isUser(user, one)));
  const notes = missing.map(({ user }) => {
    const name = user.kind === "id" ? user.id : user.userPrincipalName;
    return `the exclusion ${name} is not in the tenant`;
  });
  const bad = breakGlass.filter((one) => !(one.enabled && one.cloudOnly && one.globalAdministrator));
  return [...notes, ...bad.map(({ userPrincipalName }) => `the break-glass account ${userPrincipalName} is not valid`)];
}

export function soakMsOf(spec: RolloutSpec): number {
  return spec.soakDays * DAY_MS;
}
