// A link on which a client sends to a queue: accepted only when stored, credit topped up as messages are answered.
import type { Delivery } from "rhea";
import { DecodeError } from "./amqp-decode.ts";
import { BATCH_FORMAT, parseMessage, splitBatch } from "./amqp-message.ts";
import type { Engine } from "./engine.ts";
import type { BrokerFaults } from "./faults.ts";
import type { Queue } from "./queue.ts";
import type { ServerReceiver } from "./rhea-internals.ts";

/** Standard tier's limit: 256 KB for a message or a batch. Clients fill their batches up to it. */
export const MAX_MESSAGE_BYTES = 262_144;
const CREDIT = 1_000;
const TOP_UP_AT = 500;
/**
 * A delivery without an answer stays in the session's ring on both sides, and the ring moves on only from its oldest: a client
 * of rhea could send nothing more after 2,048 others. So the answer comes after all, when nobody waits for it any more.
 */
const TRANSFERS_UNTIL_LATE_ANSWER = 1_000;

export interface IncomingLinkOptions {
  readonly receiver: ServerReceiver;
  readonly queue: Queue;
  readonly engine: Engine;
  readonly faults: BrokerFaults;
  readonly destroySocket: () => void;
}

export class IncomingLink {
  readonly #options: IncomingLinkOptions;
  readonly #lost: { readonly delivery: Delivery; readonly transfer: number }[] = [];
  #unanswered = 0;
  #transfers = 0;

  constructor(options: IncomingLinkOptions) {
    this.#options = options;
    options.receiver.add_credit(CREDIT);
  }

  async onTransfer(delivery: Delivery, bytes: Buffer): Promise<void> {
    this.#unanswered++;
    this.#transfers++;
    this.#answerLate();
    try {
      await this.#store(delivery, bytes);
    } catch (error) {
      if (error instanceof DecodeError) refuse(delivery, "amqp:decode-error", error.message);
      else refuse(delivery, "amqp:internal-error", error instanceof Error ? error.message : String(error));
    } finally {
      this.#unanswered--;
      this.#topUp();
    }
  }

  async #store(delivery: Delivery, bytes: Buffer): Promise<void> {
    const { queue, engine, faults, destroySocket } = this.#options;
    if (bytes.length > MAX_MESSAGE_BYTES) {
      refuse(delivery, "amqp:link:message-size-exceeded", TOO_LARGE);
      return;
    }
    if (faults.strikes("bus-busy")) {
      refuse(delivery, "com.microsoft:server-busy", BUSY);
      return;
    }
    const messages = delivery.format === BATCH_FORMAT ? splitBatch(bytes) : [bytes];
    await engine.send(queue, messages.map(parseMessage));
    if (faults.strikes("bus-cut")) {
      destroySocket();
      return;
    }
    if (faults.strikes("bus-lost-acknowledgement")) {
      this.#lost.push({ delivery, transfer: this.#transfers });
      return;
    }
    accept(delivery);
  }

  #answerLate(): void {
    for (let [oldest] = this.#lost; oldest !== undefined; [oldest] = this.#lost) {
      if (this.#transfers - oldest.transfer < TRANSFERS_UNTIL_LATE_ANSWER) return;
      this.#lost.shift();
      accept(oldest.delivery);
    }
  }

  #topUp(): void {
    const { receiver } = this.#options;
    const missing = CREDIT - receiver.credit - this.#unanswered;
    if (missing >= TOP_UP_AT && receiver.is_open()) receiver.add_credit(missing);
  }
}

const TOO_LARGE = `The message exceeds the maximum message size of ${MAX_MESSAGE_BYTES} bytes.`;
const BUSY = "The server is busy. Please wait 2 seconds and try again.";

/** A frame on a session that the client has ended meanwhile would end its connection. */
function accept(delivery: Delivery): void {
  if (delivery.link.session.is_open()) delivery.accept();
}

function refuse(delivery: Delivery, condition: string, description: string): void {
  if (delivery.link.session.is_open()) delivery.reject({ condition, description });
}
