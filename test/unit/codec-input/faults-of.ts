// What a parser says is wrong, as lines of text: `file:line:column: what fix`.
import { expect } from "vitest";
import type { FaultText } from "../../../shared/domain/fault.ts";
import { formatFault, UserFault } from "../../../shared/domain/fault.ts";

export function faultsOf(parse: () => unknown): readonly FaultText[] {
  try {
    const value = parse();
    expect.fail(`no fault was found; the value is ${JSON.stringify(value)}`);
  } catch (error) {
    if (error instanceof UserFault) return error.faults;
    throw error;
  }
}

export function linesOf(parse: () => unknown): readonly string[] {
  return faultsOf(parse).map(formatFault);
}

/** `line:column` of each fault. */
export function placesOf(parse: () => unknown): readonly string[] {
  return faultsOf(parse).map(({ at }) => `${String(at.line)}:${String(at.column)}`);
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
