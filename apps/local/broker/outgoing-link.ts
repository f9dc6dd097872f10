// A link on which a client receives from a queue: deliveries within its credit, outcomes, drains.
import type { Delivery } from "rhea";
import { splitCompound, splitMap, decodeValue } from "./amqp-decode.ts";
import type { EncodedPair } from "./amqp-encode.ts";
import type { Consumer, Engine } from "./engine.ts";
import type { BrokerFaults } from "./faults.ts";
import { FreeMoment } from "./free-moment.ts";
import { tagOfToken } from "./lock-token.ts";
import type { Shelf } from "./message.ts";
import type { Queue } from "./queue.ts";
import {
  acceptedState,
  cureDrain,
  outcomeFields,
  rejectedState,
  settleOutgoing,
  writeFlow,
  type ServerSender,
} from "./rhea-internals.ts";
import type { Outcome } from "./settlement.ts";

const LOCK_LOST =
  "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.";
const DRAIN_RETRY_MS = 5;

export interface OutgoingLinkOptions {
  readonly sender: ServerSender;
  readonly queue: Queue;
  readonly shelf: Shelf;
  readonly owner: object;
  readonly engine: Engine;
  readonly faults: BrokerFaults;
  /** The fault of a cut socket, with this delivery in the client's hand or without any. */
  readonly cut: () => void;
  /** The connection takes nothing more for now. */
  readonly isPaused: () => boolean;
}

export class OutgoingLink implements Consumer {
  readonly queue: Queue;
  readonly shelf: Shelf;
  readonly owner: object;
  readonly mode: Consumer["mode"];
  readonly #options: OutgoingLinkOptions;
  readonly #tokens = new Map<Delivery, string>();
  readonly #free: FreeMoment;
  // rhea lowers a link's credit when frames are written, on the next tick: what was sent since is counted here.
  #sent = 0;
  #settling = 0;
  #drained = 0;
  #drainOpen = false;
  #drainRetry: NodeJS.Timeout | null = null;
  #open = true;
  #attached = false;

  constructor(options: OutgoingLinkOptions) {
    const { sender } = options;
    this.#options = options;
    this.#free = new FreeMoment(
      () => this.inHand(),
      () => options.engine.pump(this.queue, this.shelf),
    );
    this.queue = options.queue;
    this.shelf = options.shelf;
    this.owner = options.owner;
    this.mode = sender.snd_settle_mode === 1 ? "receive-and-delete" : "peek-lock";
    // rhea writes what is sent in this turn before the attach that answers the client's: a client that gives credit without
    // waiting for it, as Proton does, would get a delivery on a link that it does not know yet.
    setImmediate(() => {
      this.#attached = true;
      options.engine.pump(this.queue, this.shelf);
    });
    cureDrain(
      sender,
      () => this.#drainOpen && this.#unwritten() === 0,
      (credit) => {
        this.#drained += credit;
        this.#drainOpen = false; // a second answer would take away the credit of the client's next receive
      },
    );
  }

  room(): number {
    const { sender } = this.#options;
    if (!this.#open || !this.#attached || this.#free.isAwaited || this.#options.isPaused()) return 0;
    return sender.is_open() && sender.sendable() ? sender.credit - this.#unwritten() : 0;
  }

  /** Deliveries for which the client has had no answer yet. */
  inHand(): number {
    return this.#tokens.size + this.#settling;
  }

  deliver(token: string, message: Buffer): void {
    const { sender, faults, cut } = this.#options;
    const delivery = sender.send(message, tagOfToken(token), 0);
    this.#sent++;
    if (this.mode === "peek-lock") this.#tokens.set(delivery, token);
    if (faults.strikes("bus-detach")) this.#free.wait(() => this.#detach(faults.detachCondition));
    if (faults.strikes("bus-cut")) cut();
  }

  onFlow(): void {
    this.#drainOpen = this.#options.sender._draining;
    this.#options.engine.pump(this.queue, this.shelf);
  }

  passed(): void {
    if (!this.#drainOpen || !this.#open || !this.#attached) return;
    writeFlow(this.#options.sender);
    // The peer's window held something back: its drain is answered when that has gone out.
    if (this.#unwritten() === 0 || this.#drainRetry !== null) return;
    this.#drainRetry = setTimeout(() => {
      this.#drainRetry = null;
      this.passed();
    }, DRAIN_RETRY_MS);
  }

  close(): void {
    this.#open = false;
    this.#free.forget();
    if (this.#drainRetry !== null) clearTimeout(this.#drainRetry);
  }

  /** The client has named an outcome and waits for the answer, or has settled at once and waits for nothing. */
  async onOutcome(delivery: Delivery, kind: "accepted" | "rejected" | "released" | "modified"): Promise<void> {
    const token = this.#tokens.get(delivery);
    if (token === undefined) return;
    this.#tokens.delete(delivery);
    this.#settling++;
    const answered = await this.#settle(token, outcomeOf(delivery, kind));
    this.#settling--;
    settleOutgoing(delivery, answered);
    this.#free.look();
  }

  /** Settled by the client without an outcome: as if it had released the message. */
  async onSettled(delivery: Delivery): Promise<void> {
    if (delivery.remote_state === undefined) await this.onOutcome(delivery, "released");
  }

  async #settle(token: string, outcome: Outcome): Promise<unknown> {
    try {
      const settled = await this.#options.engine.settle(this.queue, token, outcome);
      if (settled === "settled") return acceptedState();
      if (settled === "lock-lost") return rejectedState("com.microsoft:message-lock-lost", LOCK_LOST);
      return rejectedState(
        "amqp:not-allowed",
        "A message in the dead-letter queue can only be completed or abandoned.",
      );
    } catch (error) {
      return rejectedState("amqp:internal-error", error instanceof Error ? error.message : String(error));
    }
  }

  #detach(condition: string): void {
    this.close();
    this.#options.engine.detach(this);
    this.#options.sender.close({ condition, description: "The broker detaches the link." });
  }

  #unwritten(): number {
    return this.#sent + this.#drained - this.#options.sender.delivery_count;
  }
}

/** Outcomes of the Service Bus AMQP guide; rejected without its dead-letter condition is a dead letter as well. */
function outcomeOf(delivery: Delivery, kind: "accepted" | "rejected" | "released" | "modified"): Outcome {
  const fields = outcomeFields(delivery);
  switch (kind) {
    case "accepted":
      return { kind: "complete" };
    case "released":
      return { kind: "abandon", counts: false, changes: [] };
    case "rejected":
      return { kind: "dead-letter", changes: rejectionInfo(fields[0]) };
    case "modified": {
      const undeliverableHere = fields[1] !== undefined && decodeValue(fields[1]) === true;
      const changes = fields[2] === undefined ? [] : splitMap(fields[2]);
      return undeliverableHere ? { kind: "defer", changes } : { kind: "abandon", counts: true, changes };
    }
  }
}

/** The info map of an error: reason, description and the application's own properties of a dead letter. */
function rejectionInfo(error: Buffer | undefined): EncodedPair[] {
  if (error?.readUInt8(0) !== 0x00) return [];
  const list = error.subarray(describedValueAt(error));
  const info = splitCompound(list)[2];
  return info === undefined ? [] : splitMap(info);
}

/** After the constructor's zero and the descriptor, which is a small ulong, a ulong or a symbol. */
function describedValueAt(bytes: Buffer): number {
  const code = bytes.readUInt8(1);
  if (code === 0x53) return 3;
  return code === 0x80 ? 10 : 3 + bytes.readUInt8(2);
}
