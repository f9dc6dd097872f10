// Step queues in memory. A message is kept as the text that would travel, and taken when the clock has come to its time.
import { formatStepMessage } from "../codec/step-message.ts";
import type { Instant } from "../domain/instant.ts";
import { FAR_FUTURE } from "../domain/instant.ts";
import type { Step } from "../domain/names.ts";
import { Unavailable } from "../ports/errors.ts";
import type { OutgoingNudge, StepQueue } from "../ports/step-queue.ts";
import type { FaultSource } from "./memory-faults.ts";
import { NO_FAULTS } from "./memory-faults.ts";

export interface QueuedMessage {
  readonly id: string;
  readonly step: Step;
  readonly at: Instant;
  /** JSON. */
  readonly body: string;
}

export class MemoryStepQueue implements StepQueue {
  /** All that ever were sent, in their order. */
  readonly sent: OutgoingNudge[] = [];
  readonly #faults: FaultSource;
  #waiting: readonly QueuedMessage[] = [];

  constructor(faults: FaultSource = NO_FAULTS) {
    this.#faults = faults;
  }

  async send(nudges: readonly OutgoingNudge[]): Promise<void> {
    for (const outgoing of nudges) {
      const unavailable = (): Unavailable => new Unavailable("queue", { cause: new Error("injected") });
      if (this.#faults.strikes("unavailable")) throw unavailable();
      this.sent.push(outgoing);
      const { id, nudge, at } = outgoing;
      const message = { id, step: nudge.step, at, body: JSON.stringify(formatStepMessage(nudge)) };
      if (!this.#faults.strikes("lost-message")) this.#waiting = [...this.#waiting, message];
      if (this.#faults.strikes("doubled-message")) this.#waiting = [...this.#waiting, message];
      if (this.#faults.strikes("lost-answer")) throw unavailable();
    }
  }

  /** When the next message is due; FAR_FUTURE = none waits. */
  get nextAt(): Instant {
    return Math.min(FAR_FUTURE, ...this.#waiting.map(({ at }) => at));
  }

  /** Takes what is due, oldest first. Putting one back is the caller's redelivery. */
  takeDue(now: Instant): readonly QueuedMessage[] {
    const due = this.#waiting.filter(({ at }) => at <= now);
    this.#waiting = this.#waiting.filter(({ at }) => at > now);
    return [...due].sort((a, b) => a.at - b.at);
  }

  putBack(message: QueuedMessage): void {
    this.#waiting = [...this.#waiting, message];
  }
}
