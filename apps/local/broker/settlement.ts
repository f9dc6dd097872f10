// What an outcome, or the end of a lock, makes of a message: one record. Pure.
import { unreachable } from "../../../shared/domain/unreachable.ts";
import { encodeString, type EncodedPair } from "./amqp-encode.ts";
import { withApplicationProperties, type StoredBytes } from "./amqp-message.ts";
import type { Message, QueueOptions } from "./message.ts";
import type { LogRecord } from "./records.ts";

export type Outcome =
  | { readonly kind: "complete" }
  /** `counts`: released does not raise the delivery count; abandoned, modified and the end of a lock do. */
  | { readonly kind: "abandon"; readonly counts: boolean; readonly changes: readonly EncodedPair[] }
  | { readonly kind: "defer"; readonly changes: readonly EncodedPair[] }
  | { readonly kind: "dead-letter"; readonly changes: readonly EncodedPair[] };

/** Null: not allowed, since a dead letter cannot be dead-lettered again and is not deferred. */
export function recordOf(queue: QueueOptions, message: Message, outcome: Outcome): LogRecord | null {
  const on = { queue: queue.name, sequence: message.sequence };
  switch (outcome.kind) {
    case "complete":
      return { k: "delete", ...on, why: "completed" };
    case "abandon": {
      const count = message.count + (outcome.counts ? 1 : 0);
      if (outcome.counts && count >= queue.maxDeliveryCount && message.place !== "dead") {
        const reason = tooManyDeliveries(count);
        return {
          k: "dead-letter",
          ...on,
          count,
          delivered: true,
          bytes: changed(message, [...outcome.changes, ...reason]),
        };
      }
      return {
        k: "count",
        ...on,
        count,
        bytes: outcome.changes.length === 0 ? null : changed(message, outcome.changes),
      };
    }
    case "defer":
      if (message.place === "dead") return null;
      return { k: "defer", ...on, bytes: outcome.changes.length === 0 ? null : changed(message, outcome.changes) };
    case "dead-letter": {
      if (message.place === "dead") return null;
      const count = message.count;
      return { k: "dead-letter", ...on, count, delivered: true, bytes: changed(message, outcome.changes) };
    }
    default:
      return unreachable(outcome);
  }
}

/** The end of a message's time to live: dropped, or dead-lettered where the queue says so. */
export function expiryRecord(queue: QueueOptions, message: Message): LogRecord {
  const on = { queue: queue.name, sequence: message.sequence };
  if (queue.deadLetterOnExpiry !== true) return { k: "delete", ...on, why: "expired" };
  const reason = deadLetterReason("TTLExpiredException", "The message expired and was dead lettered.");
  return { k: "dead-letter", ...on, count: message.count, delivered: false, bytes: changed(message, reason) };
}

/** Reason and description travel as application properties: that is where clients look for them. */
export function deadLetterReason(reason: string | null, description: string | null): EncodedPair[] {
  const pairs: EncodedPair[] = [];
  if (reason !== null) pairs.push({ key: encodeString("DeadLetterReason"), value: encodeString(reason) });
  if (description !== null) {
    pairs.push({ key: encodeString("DeadLetterErrorDescription"), value: encodeString(description) });
  }
  return pairs;
}

function tooManyDeliveries(count: number): EncodedPair[] {
  const description = `Message could not be consumed after ${count} delivery attempts.`;
  return deadLetterReason("MaxDeliveryCountExceeded", description);
}

function changed(message: Message, changes: readonly EncodedPair[]): StoredBytes {
  return { ...message.bytes, bare: withApplicationProperties(message.bytes.bare, changes) };
}
