// A received message as the Service Bus extension hands it to the worker: body as text where it is UTF-8, metadata under
// PascalCase keys, text never parsed here: the library parses it, as on the real host.
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { TypedData } from "./core.ts";

export function toBody(body: unknown): TypedData {
  if (typeof body === "string") return { string: body };
  // skipParsingBodyAsJson leaves the bytes of a data section; value and sequence sections come as values.
  if (body instanceof Uint8Array) {
    const text = decodeUtf8(body);
    return text === null ? { bytes: body } : { string: text };
  }
  return { json: JSON.stringify(body ?? null) };
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function toTriggerMetadata(message: ServiceBusReceivedMessage): Record<string, TypedData> {
  const properties = message.applicationProperties ?? {};
  const values: Record<string, unknown> = {
    MessageId: asText(message.messageId),
    CorrelationId: asText(message.correlationId),
    SessionId: message.sessionId,
    Subject: message.subject,
    Label: message.subject,
    ContentType: message.contentType,
    To: message.to,
    ReplyTo: message.replyTo,
    ReplyToSessionId: message.replyToSessionId,
    PartitionKey: message.partitionKey,
    // The SDK shows AMQP's count of earlier deliveries, .NET and so the Functions host counts this one too.
    DeliveryCount: (message.deliveryCount ?? 0) + 1,
    SequenceNumber: message.sequenceNumber === undefined ? undefined : Number(message.sequenceNumber.toString()),
    EnqueuedTimeUtc: utcText(message.enqueuedTimeUtc),
    EnqueuedTime: offsetText(message.enqueuedTimeUtc),
    ExpiresAtUtc: utcText(message.expiresAtUtc),
    ExpiresAt: offsetText(message.expiresAtUtc),
    LockToken: message.lockToken,
    DeadLetterSource: message.deadLetterSource,
    DeadLetterReason: message.deadLetterReason,
    DeadLetterErrorDescription: message.deadLetterErrorDescription,
    ApplicationProperties: properties,
    UserProperties: properties,
  };
  const found = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(found.map(([name, value]) => [name, toTyped(value)]));
}

function toTyped(value: unknown): TypedData {
  if (typeof value === "string") return { string: value };
  if (typeof value === "number" && Number.isSafeInteger(value) && Math.abs(value) < 2 ** 31) return { int: value };
  return { json: JSON.stringify(value) };
}

function asText(id: string | number | Buffer | undefined): string | undefined {
  if (id === undefined) return undefined;
  return Buffer.isBuffer(id) ? id.toString("utf8") : String(id);
}

/** .NET's DateTime of unknown kind has no offset, its DateTimeOffset has one. A lifetime without end is year 9999 there. */
function utcText(date: Date | undefined): string | undefined {
  return iso(date)?.replace(/Z$/, "");
}
function offsetText(date: Date | undefined): string | undefined {
  return iso(date)?.replace(/Z$/, "+00:00");
}
function iso(date: Date | undefined): string | undefined {
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** W3C trace id of the sender, which Service Bus SDKs put under this name. */
export function traceParentOf(message: ServiceBusReceivedMessage): string | undefined {
  const id = message.applicationProperties?.["Diagnostic-Id"];
  return typeof id === "string" ? id : undefined;
}
