// Encoding of AMQP 1.0 values (OASIS AMQP 1.0, part 1): each function answers one complete value, constructor included, so
// that a message is put together from pieces and the bytes of a sender are never decoded and encoded again.

/** One entry of a map: key and value, each a complete encoded value. */
export interface EncodedPair {
  readonly key: Buffer;
  readonly value: Buffer;
}

const EMPTY = Buffer.alloc(0);

export const encodeNull = Buffer.from([0x40]);

export function encodeBoolean(value: boolean): Buffer {
  return Buffer.from([value ? 0x41 : 0x42]);
}

export function encodeInt(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(5);
  bytes[0] = 0x71;
  bytes.writeInt32BE(value, 1);
  return bytes;
}

export function encodeUint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(5);
  bytes[0] = 0x70;
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

export function encodeLong(value: number): Buffer {
  return Buffer.concat([Buffer.from([0x81]), rawLong(value)]);
}

export function encodeTimestamp(epochMs: number): Buffer {
  return Buffer.concat([Buffer.from([0x83]), rawLong(Math.trunc(epochMs))]);
}

export function encodeUuid(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x98]), bytes]);
}

export function encodeString(text: string): Buffer {
  return variable(0xa1, 0xb1, Buffer.from(text, "utf8"));
}

export function encodeSymbol(text: string): Buffer {
  return variable(0xa3, 0xb3, Buffer.from(text, "ascii"));
}

export function encodeBinary(bytes: Buffer): Buffer {
  return variable(0xa0, 0xb0, bytes);
}

export function encodeList(items: readonly Buffer[]): Buffer {
  return compound(0xd0, items.length, items);
}

export function encodeMap(pairs: readonly EncodedPair[]): Buffer {
  return compound(
    0xd1,
    pairs.length * 2,
    pairs.flatMap(({ key, value }) => [key, value]),
  );
}

/** An array holds its elements without their constructors: all elements share the first one's. */
export function encodeLongArray(values: readonly number[]): Buffer {
  return compound(0xf0, values.length, [Buffer.from([0x81]), ...values.map(rawLong)]);
}

export function encodeTimestampArray(epochMs: readonly number[]): Buffer {
  return compound(0xf0, epochMs.length, [Buffer.from([0x83]), ...epochMs.map((ms) => rawLong(Math.trunc(ms)))]);
}

/** A value under a descriptor below 256: sections of a message, outcomes. */
export function encodeDescribed(code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x00, 0x53, code]), value]);
}

/** A map32 from pairs that are already one run of bytes. */
export function encodeRawMap(pairCount: number, pairs: readonly Buffer[]): Buffer {
  return compound(0xd1, pairCount * 2, pairs);
}

function rawLong(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

function variable(shortCode: number, longCode: number, bytes: Buffer): Buffer {
  if (bytes.length <= 255) return Buffer.concat([Buffer.from([shortCode, bytes.length]), bytes]);
  const head = Buffer.allocUnsafe(5);
  head[0] = longCode;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function compound(code: number, count: number, parts: readonly Buffer[]): Buffer {
  const head = Buffer.allocUnsafe(9);
  const body = parts.length === 0 ? EMPTY : Buffer.concat(parts);
  head[0] = code;
  head.writeUInt32BE(body.length + 4, 1); // the size counts the four bytes of the count
  head.writeUInt32BE(count, 5);
  return Buffer.concat([head, body]);
}
