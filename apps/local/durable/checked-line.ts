// A line of a log that tells whether it is whole: `<crc32> <json>`.
import { crc32 } from "node:zlib";

const SUM_LENGTH = 8;

export function formatCheckedLine(json: string): string {
  return `${checksum(json)} ${json}\n`;
}

/** @param line without its line break @returns the value; `undefined` for a line that is not as it was written */
export function parseCheckedLine(line: string): unknown {
  const json = line.slice(SUM_LENGTH + 1);
  if (line !== `${checksum(json)} ${json}`) return undefined;
  const value: unknown = JSON.parse(json);
  return value;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(SUM_LENGTH, "0");
}
