// The judge of a simulation. The tenant is the witness: what it did, when, and what it knew then. Each check stands with the number of
// its invariant in docs/SPEC.md, and is made in the moment in which the step that could break it happens.
import type { Control } from "../../../shared/domain/control.ts";
import { AUTOMATION, stopOf } from "../../../shared/domain/control.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { KnownMfaState, SenderId, UserId } from "../../../shared/domain/names.ts";
import { CLOCK_MARGIN_MS, GUARD_MAX_AGE_MS } from "../../../shared/domain/policy.ts";
import type { Policy } from "../../../shared/domain/policy.ts";
import type { EntityWrite, Tables } from "../../../shared/ports/entity-table.ts";
import type { Clock } from "../../../shared/ports/clock.ts";
import type { Mail } from "../../../shared/ports/notifier.ts";
import type { Commit } from "./committed.ts";
import { Committed } from "./committed.ts";
import type { Caller } from "./port-calls.ts";
import type { GraphWatch } from "./sim-graph.ts";
import type { SimTenant } from "./sim-tenant.ts";

export interface Violation {
  readonly invariant: number;
  readonly what: string;
}

/** Evidence may be a day old; clocks are off by as much as the deadline's margin. */
const EVIDENCE_MS = DAY_MS + 2 * CLOCK_MARGIN_MS;
/** A mail whose call was given up arrives at most so much later than its claim foresaw. */
const LATE_MAIL_MS = 26 * MINUTE_MS;

export class Oracle implements GraphWatch {
  readonly violations: Violation[] = [];
  readonly committed: Committed;
  readonly reached = new Map<string, number>();
  /** Of those who are in the spec: nobody may write to them. */
  readonly breakGlass = new Set<UserId>();
  /** An operator who lifts stops says so first: whatever else lifts a person's stop is a violation. */
  personLifts = 0;
  checks = 0;
  readonly #tenant: SimTenant;
  readonly #clock: Clock;
  readonly #judgedMails = new Map<UserId, object>();

  constructor(tenant: SimTenant, clock: Clock, committed: Committed) {
    this.#tenant = tenant;
    this.#clock = clock;
    this.committed = committed;
  }

  expect(holds: boolean, invariant: number, what: () => string): void {
    this.checks += 1;
    if (!holds) this.violations.push({ invariant, what: what() });
  }

  reach(state: string, times = 1): void {
    this.reached.set(state, (this.reached.get(state) ?? 0) + times);
  }

  writeStarts(caller: Caller, users: readonly UserId[], mfaState: KnownMfaState): void {
    this.reach(`write ${mfaState}`);
    for (const userId of users) {
      const person = this.#tenant.people.get(userId);
      const asked = `${caller.name} writes ${mfaState} for ${userId}`;
      this.expect(!this.breakGlass.has(userId), 2, () => `${asked}, a break-glass account`);
      // What is so already changes nothing: an "ensure", or the canary of a circuit.
      if (person === undefined || person.mfaState === mfaState) continue;
      const known = this.committed.rows.get(userId);
      this.expect(known !== undefined, 2, () => `${asked}, who has no row`);
      if (known === undefined) continue;
      this.#judgeGuard(asked, known.rollout, known.wave, "graph-write");
      this.#judgeWrapper(asked, userId);
      const policy = this.#policyOf(known.rollout);
      if (policy === null) continue;
      if (mfaState === "enforced") this.#judgeBinding(asked, userId, policy);
      if (mfaState === "enabled" && policy.registered === "deferred")
        this.expect(
          !this.#tenant.wasUsableAllSince(userId, this.#clock.now() - EVIDENCE_MS),
          1,
          () => `${asked}, who has been registered for more than a day: that binds at once`,
        );
    }
  }

  mailsStart(caller: Caller, sender: SenderId, mails: readonly Mail[]): void {
    this.reach("mail");
    for (const { userId, notice } of mails) {
      const asked = `${caller.name} mails ${notice} to ${userId}`;
      const known = this.committed.rows.get(userId);
      const claim = known?.versions.at(-1)?.value.claim;
      const isClaimed = claim?.kind === "open" && claim.notice === notice && claim.sender === sender;
      this.expect(isClaimed, 5, () => `${asked}, and no claim of it is on record`);
      if (known !== undefined) this.#judgeGuard(asked, known.rollout, known.wave, "mail");
      if (known !== undefined) this.#judgeWrapper(asked, userId);
    }
  }

  /** Called after each call that had a mail for this user, which may have failed. */
  mailArrived(userId: UserId): void {
    const mails = this.#tenant.people.get(userId)?.mails ?? [];
    const last = mails.at(-1);
    if (last === undefined || last === this.#judgedMails.get(userId)) return;
    this.#judgedMails.set(userId, last);
    const { rollout, notice } = last.mail;
    const same = mails.filter(({ mail }) => mail.rollout === rollout && mail.notice === notice);
    this.expect(same.length === 1, 5, () => `${userId} got ${notice} ${same.length} times`);
    const policy = this.#policyOf(rollout);
    const promised = deadlineOf(last.mail);
    if (policy !== null)
      this.expect(
        promised >= this.#clock.now() + policy.graceMs - LATE_MAIL_MS,
        1,
        () => `${notice} of ${userId} prints ${new Date(promised).toISOString()}, within the grace`,
      );
  }

  commits(table: keyof Tables, partition: string, writes: readonly EntityWrite[]): void {
    const controlBefore = this.committed.control();
    const commit = this.committed.take(table, partition, writes, this.#clock.now());
    if (table === "control") this.#judgeStops(controlBefore, this.committed.control());
    if (commit === null) return;
    for (const what of commit.broken) this.expect(false, 10, () => `${partition}: ${what}`);
    this.expect(commit.broken.length === 0, 10, () => "");
    for (const row of commit.after) this.#judgeSave(row, commit);
  }

  /** Did the guard, read at most two seconds before, have to see a stop or a rest? */
  #judgeGuard(asked: string, rollout: string, wave: string, service: "graph-write" | "mail"): void {
    const now = this.#clock.now();
    const from = now - GUARD_MAX_AGE_MS - 1;
    const { controls } = this.committed;
    const isStopped = Committed.throughout(controls, from, (control) => {
      const found = control.rollouts.find(({ id }) => id === rollout);
      return found !== undefined && stopOf(found, wave) !== null;
    });
    this.expect(!isStopped, 6, () => `${asked} although the wave is paused`);
    // An instance whose clock is ahead thinks that a rest is over.
    const rests = Committed.throughout(controls, from, ({ notBefore }) => notBefore[service] > now + CLOCK_MARGIN_MS);
    this.expect(!rests, 11, () => `${asked} although the service rests`);
  }

  #judgeWrapper(asked: string, userId: UserId): void {
    const versions = this.committed.rows.get(userId)?.versions ?? [];
    const from = this.#clock.now() - GUARD_MAX_AGE_MS - 1;
    const isOut = Committed.throughout(
      versions,
      from,
      ({ state }) => state.phase === "excluded" || state.phase === "held" || state.phase === "restored",
    );
    this.expect(!isOut, 2, () => `${asked}, who is ${versions.at(-1)?.value.state.phase ?? ""}`);
  }

  #judgeBinding(asked: string, userId: UserId, policy: Policy): void {
    const now = this.#clock.now();
    const mails = this.#tenant.people.get(userId)?.mails.filter(({ at }) => at <= now) ?? [];
    const last = this.committed.rows.get(userId)?.versions.at(-1)?.value;
    this.expect(mails.length > 0, 1, () => `${asked}, who was never told`);
    const confirmed = last?.notices.some(({ outcome }) => outcome === "sent") === true;
    this.expect(confirmed, 1, () => `${asked}, who has no confirmed notice on record`);
    for (const { mail, at } of mails) {
      const promised = deadlineOf(mail);
      const early = `${asked} ${Math.ceil((now - at) / MINUTE_MS)} minutes after ${mail.notice}`;
      this.expect(now >= promised - CLOCK_MARGIN_MS, 1, () => `${early}, before its deadline`);
      this.expect(now >= at + policy.graceMs, 1, () => `${early}, within the grace`);
    }
    const mayBeUnregistered = policy.unregisteredThen === "enforce";
    this.expect(
      mayBeUnregistered || this.#tenant.wasUsableSince(userId, now - EVIDENCE_MS),
      1,
      () => `${asked}, who has had no method for a day`,
    );
  }

  #judgeStops(before: Control | null, after: Control | null): void {
    for (const { id, stops } of before?.rollouts ?? []) {
      const now = after?.rollouts.find((rollout) => rollout.id === id)?.stops ?? [];
      const lost = stops.filter(
        ({ by, wave }) => by !== AUTOMATION && !now.some((stop) => stop.by === by && stop.wave === wave),
      );
      this.expect(lost.length === 0 || this.personLifts > 0, 7, () => `a person's stop of ${id} was lifted`);
    }
  }

  #judgeSave(row: Enrollment, { before, entry }: Commit): void {
    const was = before.get(row.userId) ?? null;
    if (was === null) return;
    const cause = entry?.cause ?? "";
    const isBack = was.state.phase === "excluded" && ["queued", "enabled", "notified"].includes(row.state.phase);
    this.expect(!isBack || cause === "reinstated", 2, () => `${row.userId} was excluded, and is back by "${cause}"`);
    this.#judgeSuccess(row, was, cause);
    this.#judgeNotices(row, was);
    this.#countState(row, was);
  }

  #judgeSuccess({ userId, written, state }: Enrollment, was: Enrollment, cause: string): void {
    if (written !== was.written && written !== "nothing") {
      const done = this.#tenant.writesOf(userId).some(({ mfaState }) => mfaState === written);
      this.expect(done, 4, () => `${userId} is saved as written ${written}, which the tenant never did (${cause})`);
    }
    if (state.phase === "enforced" && was.state.phase !== "enforced")
      this.expect(
        this.#tenant.wasEverEnforced(userId) || !this.#tenant.people.has(userId),
        4,
        () => `${userId} is saved as enforced, which the tenant never was (${cause})`,
      );
  }

  #judgeNotices({ userId, notices }: Enrollment, was: Enrollment): void {
    for (const { notice, outcome } of notices.slice(was.notices.length)) {
      if (outcome === "uncertain") this.reach("uncertain notice");
      const arrived = this.#tenant.people.get(userId)?.mails.some(({ mail }) => mail.notice === notice) ?? true;
      this.expect(
        outcome === "uncertain" || arrived,
        4,
        () => `${notice} of ${userId} is saved as sent, and is not there`,
      );
    }
  }

  #countState({ state }: Enrollment, was: Enrollment): void {
    if (state.phase !== was.state.phase) this.reach(`${was.state.phase} → ${state.phase}`);
    if (state.phase === "failed" && was.state.phase !== "failed") this.reach(`failed: ${state.reason}`);
  }

  #policyOf(rollout: string): Policy | null {
    return this.committed.control()?.rollouts.find(({ id }) => id === rollout)?.policy ?? null;
  }
}

/** The simulation's words of a notice are its deadline. */
function deadlineOf({ text }: Pick<Mail, "text">): Instant {
  return Date.parse(text);
}
