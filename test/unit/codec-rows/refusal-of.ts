// What a parser says when it refuses; a value that it reads fails the test.
import { expect } from "vitest";
import type { Columns } from "../../../shared/domain/journal.ts";

export function refusalOf(read: () => unknown): string {
  let value: unknown;
  try {
    value = read();
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
  return expect.fail(`it was read as ${JSON.stringify(value)}`);
}

export function without(columns: Columns, column: string): Columns {
  return Object.fromEntries(Object.entries(columns).filter(([name]) => name !== column));
}
