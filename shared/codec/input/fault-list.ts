// Collects what is wrong with one input file, so that everything is said at once and in the order of the file.
import type { FaultText } from "../../domain/fault.ts";
import { UserFault } from "../../domain/fault.ts";

/** A file of the wrong kind has a fault in every row: nobody reads more than this. */
export const FAULTS_SHOWN_MAX = 50;

/** Lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface FaultList {
  add(place: Place, what: string, fix: string): void;
  isEmpty(): boolean;
  /** @throws UserFault with every fault found so far, if there is one */
  throwIfAny(): void;
}

export function createFaultList(where: string): FaultList {
  const faults: FaultText[] = [];
  return {
    add({ line, column }, what, fix) {
      faults.push({ what, fix, at: { where, line, column } });
    },
    isEmpty: () => faults.length === 0,
    throwIfAny() {
      if (faults.length > 0) throw new UserFault(shownFaults(faults, where));
    },
  };
}

function shownFaults(faults: readonly FaultText[], where: string): readonly FaultText[] {
  const sorted = [...faults].sort((a, b) => order(a.at.line, b.at.line) || order(a.at.column, b.at.column));
  if (sorted.length <= FAULTS_SHOWN_MAX) return sorted;
  const more = sorted.length - FAULTS_SHOWN_MAX;
  const rest = {
    what: `and ${more} more.`,
    fix: "Mend these first, then run it again to see the rest.",
    at: { where },
  };
  return [...sorted.slice(0, FAULTS_SHOWN_MAX), rest];
}

function order(a = 0, b = 0): number {
  return a - b;
}

/** A value as a fault shows it: quoted, on one line, cut. Input is hostile: it must not move a terminal's cursor. */
export function shown(value: string | number | boolean | object): string {
  const text = JSON.stringify(value);
  const visible = text.replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return visible.length <= 80 ? visible : `${visible.slice(0, 79)}…`;
}

/** `"a", "b" or "c"` */
export function alternatives(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
}

/** ` Did you mean "x"?`, or nothing. */
export function suggestion(word: string | undefined): string {
  return word === undefined ? "" : ` Did you mean "${word}"?`;
}
