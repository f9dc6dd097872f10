// Table `deadletters`: messages that Service Bus gave up on, and malformed ones that a handler set aside.
import type { Instant } from "../domain/instant.ts";
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

export interface DeadLetterStore {
  /** The same message again is the same row. */
  record(letter: DeadLetter): Promise<void>;
  /** Newest first; `null` lists those without a rollout. */
  list(rollout: RolloutId | null): Promise<readonly DeadLetter[]>;
}
