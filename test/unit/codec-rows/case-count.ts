// How often a property met each case that it is about. A property that never met one proved nothing of it.
import { expect } from "vitest";

export interface CaseCount<Name extends string> {
  /** @param met the case was met in this run */
  saw(name: Name, met?: boolean): void;
  expectEach(least: number): void;
}

export function countCases<const Name extends string>(names: readonly Name[]): CaseCount<Name> {
  const counts = new Map<Name, number>(names.map((name) => [name, 0]));
  return {
    saw: (name, met = true) => {
      if (met) counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    expectEach: (least) => {
      const rare = [...counts].filter(([, count]) => count < least);
      expect(rare, `cases met fewer than ${least} times`).toEqual([]);
    },
  };
}
