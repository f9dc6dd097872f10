// Table `deadletters`: messages that Service Bus gave up on, and malformed ones that a handler set aside.
// Written by record-dead-letters and the step handlers (record), by the use cases of operators (addDeed). Rows are never deleted.
import type { Instant } from "../domain/instant.ts";
import type { LetterDeed } from "../domain/letter.ts";
import type { RolloutId } from "../domain/names.ts";

export interface DeadLetter {
  /** `null`: the message did not say, or could not be read. */
  readonly rollout: RolloutId | null;
  readonly at: Instant;
  readonly queue: string;
  readonly messageId: string;
  /** As it came, at most 32,000 characters. */
  readonly body: string;
  readonly reason: string;
  readonly deliveryCount: number;
}

export interface LetterPlace {
  readonly rollout: RolloutId | null;
  /** Its row key: 17 digits of time, and a mark of its message. */
  readonly id: string;
}

export interface StoredLetter extends DeadLetter {
  readonly id: string;
  /** Oldest first; none in rows from before deeds were kept. */
  readonly deeds: readonly LetterDeed[];
}

export interface DeadLetterStore {
  /**
   * The same message again within a day is the same row, and keeps what was done about it.
   *
   * @returns its id
   * @throws Conflict when a deed was added at the same moment: the message comes again · Unavailable
   */
  record(letter: DeadLetter): Promise<string>;
  /** Newest first; `null` lists those without a rollout. @throws Unavailable */
  list(rollout: RolloutId | null): Promise<readonly StoredLetter[]>;
  /** One point read. @throws Unavailable */
  find(place: LetterPlace): Promise<StoredLetter | null>;
  /**
   * Adds what was done, under the row's ETag: two people who act at once do not overwrite one another.
   *
   * @param letter as it was read
   * @throws Conflict when the row has changed since · Unavailable
   */
  addDeed(letter: StoredLetter, deed: LetterDeed): Promise<void>;
}
