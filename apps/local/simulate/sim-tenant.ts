// The tenant of a simulation: what it knows of each person, and since when. It is the witness; rows are only believed.
import type { Answer } from "../../../shared/domain/failure.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { FAR_FUTURE } from "../../../shared/domain/instant.ts";
import type { KnownMfaState, UserId } from "../../../shared/domain/names.ts";
import { MemoryTenant } from "../../../shared/memory/memory-tenant.ts";
import type { Clock } from "../../../shared/ports/clock.ts";

interface Spell<T> {
  readonly from: Instant;
  readonly value: T;
}

export interface DoneWrite {
  readonly at: Instant;
  readonly mfaState: KnownMfaState;
}

export class SimTenant extends MemoryTenant {
  readonly #clock: Clock;
  readonly #usable = new Map<UserId, Spell<boolean>[]>();
  readonly #writes = new Map<UserId, DoneWrite[]>();
  readonly #wasEnforced = new Set<UserId>();

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  /** What is true now is true from now on; called after everything that may change it. */
  note(userId: UserId): void {
    const person = this.people.get(userId);
    const value = person?.registration === "usable";
    const spells = this.#usable.get(userId) ?? [];
    this.#usable.set(userId, spells);
    if (spells.at(-1)?.value !== value) spells.push({ from: this.#clock.now(), value });
    if (person?.mfaState === "enforced") this.#wasEnforced.add(userId);
  }

  override register(userId: UserId): void {
    super.register(userId);
    this.note(userId);
  }

  loseMethods(userId: UserId): void {
    const person = this.people.get(userId);
    if (person !== undefined) person.registration = "none";
    this.note(userId);
  }

  override write(userId: UserId, mfaState: KnownMfaState): Answer {
    const answer = super.write(userId, mfaState);
    if (this.people.has(userId)) {
      const writes = this.#writes.get(userId) ?? [];
      writes.push({ at: this.#clock.now(), mfaState });
      this.#writes.set(userId, writes);
    }
    this.note(userId);
    return answer;
  }

  override remove(userId: UserId): void {
    super.remove(userId);
    this.note(userId);
  }

  writesOf(userId: UserId): readonly DoneWrite[] {
    return this.#writes.get(userId) ?? [];
  }

  wasEverEnforced(userId: UserId): boolean {
    return this.#wasEnforced.has(userId);
  }

  /** Had the user a usable method at any instant from `from` to now? */
  wasUsableSince(userId: UserId, from: Instant): boolean {
    const spells = this.#usable.get(userId) ?? [];
    return spells.some(({ value }, index) => value && (spells[index + 1]?.from ?? FAR_FUTURE) >= from);
  }

  /** Had the user a usable method at every instant from `from` to now? */
  wasUsableAllSince(userId: UserId, from: Instant): boolean {
    const last = this.#usable.get(userId)?.at(-1);
    return last !== undefined && last.value && last.from <= from;
  }

  /** As a report made then says. */
  wasUsableAt(userId: UserId, at: Instant): boolean {
    const spells = this.#usable.get(userId) ?? [];
    return spells.findLast(({ from }) => from <= at)?.value ?? false;
  }
}
