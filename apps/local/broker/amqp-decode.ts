// Decoding of AMQP 1.0 values (OASIS AMQP 1.0, part 1): to plain values where the broker must look inside, and to slices of
// the original bytes where it only passes them on.
import type { EncodedPair } from "./amqp-encode.ts";

/** Longs that do not fit a number are bigint; timestamps are their milliseconds; uuid and binary are bytes. */
export type AmqpValue = null | boolean | number | bigint | string | Buffer | AmqpValue[] | AmqpMap | Described;
export type AmqpMap = Map<AmqpValue, AmqpValue>;
export interface Described {
  readonly descriptor: AmqpValue;
  readonly value: AmqpValue;
}

/** Bytes that are no AMQP value: the peer's fault, answered with `amqp:decode-error`. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

interface Decoded<T> {
  readonly value: T;
  readonly end: number;
}

/** A section of a message: its code (0x70 header … 0x78 footer), its value and the whole with its descriptor. */
export interface Section {
  readonly code: number;
  readonly value: Buffer;
  readonly whole: Buffer;
}

export function decodeValue(bytes: Buffer): AmqpValue {
  return guarded(() => readValue(bytes, 0).value);
}

export function splitSections(bytes: Buffer): Section[] {
  return guarded(() => {
    const sections: Section[] = [];
    for (let at = 0; at < bytes.length;) {
      if (bytes.readUInt8(at) !== 0x00) throw new DecodeError(`no section of a message at byte ${at}`);
      const descriptor = readValue(bytes, at + 1);
      if (typeof descriptor.value !== "number") throw new DecodeError("a section's descriptor is not a number");
      const end = skipValue(bytes, descriptor.end);
      sections.push({
        code: descriptor.value,
        value: bytes.subarray(descriptor.end, end),
        whole: bytes.subarray(at, end),
      });
      at = end;
    }
    return sections;
  });
}

/** Key and value of each entry of a map, as the bytes that came. */
export function splitMap(map: Buffer): EncodedPair[] {
  const items = splitCompound(map);
  const pairs: EncodedPair[] = [];
  for (let i = 0; i + 1 < items.length; i += 2) {
    const key = items[i];
    const value = items[i + 1];
    if (key !== undefined && value !== undefined) pairs.push({ key, value });
  }
  return pairs;
}

/** The items of a list, or keys and values of a map, as the bytes that came. */
export function splitCompound(bytes: Buffer): Buffer[] {
  return guarded(() => {
    const code = bytes.readUInt8(0);
    if (code === 0x45 || code === 0x40) return []; // list0; null stands for an absent map
    const wide = code === 0xd0 || code === 0xd1;
    if (!wide && code !== 0xc0 && code !== 0xc1) throw new DecodeError(`no list or map: 0x${code.toString(16)}`);
    const count = wide ? bytes.readUInt32BE(5) : bytes.readUInt8(2);
    const items: Buffer[] = [];
    let at = wide ? 9 : 3;
    for (let i = 0; i < count; i++) {
      const end = skipValue(bytes, at);
      items.push(bytes.subarray(at, end));
      at = end;
    }
    return items;
  });
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    // Node's Buffer throws RangeError for a read past the end: a value that was cut off.
    if (error instanceof RangeError) throw new DecodeError("an AMQP value ends too early");
    throw error;
  }
}

/** The category and the width of its size field are the high half of the code (OASIS AMQP 1.0, 1.2). */
function skipValue(bytes: Buffer, at: number): number {
  const code = bytes.readUInt8(at);
  if (code === 0x00) return skipValue(bytes, skipValue(bytes, at + 1));
  const end = at + 1 + contentLength(bytes, code, at + 1);
  if (end > bytes.length) throw new DecodeError("an AMQP value ends too early");
  return end;
}

function contentLength(bytes: Buffer, code: number, at: number): number {
  const category = code >>> 4;
  if (category === 0x4) return 0;
  if (category >= 0x5 && category <= 0x9) return 2 ** (category - 5);
  if (category === 0xa || category === 0xc || category === 0xe) return 1 + bytes.readUInt8(at);
  if (category === 0xb || category === 0xd || category === 0xf) return 4 + bytes.readUInt32BE(at);
  throw new DecodeError(`unknown AMQP type 0x${code.toString(16)}`);
}

function readValue(bytes: Buffer, at: number): Decoded<AmqpValue> {
  const code = bytes.readUInt8(at);
  if (code !== 0x00) return readContent(bytes, code, at + 1);
  const descriptor = readValue(bytes, at + 1);
  const value = readValue(bytes, descriptor.end);
  return { value: { descriptor: descriptor.value, value: value.value }, end: value.end };
}

function readContent(bytes: Buffer, code: number, at: number): Decoded<AmqpValue> {
  const end = at + contentLength(bytes, code, at);
  if (end > bytes.length) throw new DecodeError("an AMQP value ends too early");
  const category = code >>> 4;
  if (category <= 0x9) return { value: readFixed(bytes, code, at), end };
  const wide = category % 2 === 1;
  const content = bytes.subarray(at + (wide ? 4 : 1), end);
  if (category <= 0xb) return { value: readVariable(content, code), end };
  const count = wide ? content.readUInt32BE(0) : content.readUInt8(0);
  const first = wide ? 4 : 1;
  if (category >= 0xe) return { value: readArray(content, count, first), end };
  const items = readItems(content, count, first);
  return { value: (code & 0x0f) === 0x1 ? toMap(items) : items, end };
}

function readFixed(bytes: Buffer, code: number, at: number): AmqpValue {
  switch (code) {
    case 0x41:
      return true;
    case 0x42:
      return false;
    case 0x43:
    case 0x44:
      return 0;
    case 0x45:
      return [];
    case 0x50:
    case 0x52:
    case 0x53:
      return bytes.readUInt8(at);
    case 0x51:
    case 0x54:
    case 0x55:
      return bytes.readInt8(at);
    case 0x56:
      return bytes.readUInt8(at) === 1;
    case 0x60:
      return bytes.readUInt16BE(at);
    case 0x61:
      return bytes.readInt16BE(at);
    case 0x70:
      return bytes.readUInt32BE(at);
    case 0x71:
      return bytes.readInt32BE(at);
    case 0x72:
      return bytes.readFloatBE(at);
    case 0x80:
      return asNumber(bytes.readBigUInt64BE(at));
    case 0x81:
    case 0x83:
      return asNumber(bytes.readBigInt64BE(at));
    case 0x82:
      return bytes.readDoubleBE(at);
    case 0x98:
      return bytes.subarray(at, at + 16);
    default:
      return null; // 0x40, and decimals and chars, which the broker never looks at
  }
}

function readVariable(content: Buffer, code: number): AmqpValue {
  if ((code & 0x0f) === 0x0) return content;
  return content.toString((code & 0x0f) === 0x1 ? "utf8" : "ascii");
}

function readItems(content: Buffer, count: number, first: number): AmqpValue[] {
  const items: AmqpValue[] = [];
  let at = first;
  for (let i = 0; i < count; i++) {
    const item = readValue(content, at);
    items.push(item.value);
    at = item.end;
  }
  return items;
}

function readArray(content: Buffer, count: number, first: number): AmqpValue[] {
  if (count === 0) return [];
  const code = content.readUInt8(first);
  if (code === 0x00) throw new DecodeError("an array of described values is not supported");
  const items: AmqpValue[] = [];
  let at = first + 1;
  for (let i = 0; i < count; i++) {
    const item = readContent(content, code, at);
    items.push(item.value);
    at = item.end;
  }
  return items;
}

function toMap(items: readonly AmqpValue[]): AmqpMap {
  const map: AmqpMap = new Map();
  for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i] ?? null, items[i + 1] ?? null);
  return map;
}

function asNumber(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}
