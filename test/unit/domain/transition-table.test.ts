// Every cell of the total table is reached by generated enrollments, and none leads anywhere else. docs/SPEC.md prints the same.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decision } from "../../../shared/domain/decide.ts";
import { decide } from "../../../shared/domain/decide.ts";
import type { Enrollment, Phase } from "../../../shared/domain/enrollment.ts";
import { PHASES } from "../../../shared/domain/enrollment.ts";
import type { EnrollmentEvent, EventKind } from "../../../shared/domain/event.ts";
import { EVENT_KINDS } from "../../../shared/domain/event.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { NoticeKey } from "../../../shared/domain/names.ts";
import { STEPS } from "../../../shared/domain/names.ts";
import { transition } from "../../../shared/domain/transition.ts";
import { anyInstant, anyPolicy, enrollmentIn, eventFor } from "../../support/arbitraries.ts";
import { DECISIONS, TRANSITIONS } from "./expected-table.ts";

const ROUNDS_MAX = 20;
const SPEC = readFileSync(new URL("../../../docs/SPEC.md", import.meta.url), "utf8");

describe("the total table of transitions", () => {
  for (const phase of PHASES) {
    it.each(EVENT_KINDS)(`${phase} × %s leads to each outcome of its cell, and to no other`, (kind) => {
      const reached = new Map<string, number>();
      const property = fc.property(
        rowIn(phase).chain((enrollment) => fc.tuple(fc.constant(enrollment), eventOf(kind, enrollment))),
        anyPolicy,
        ([enrollment, event], policy) => {
          const before = JSON.stringify(enrollment);
          const outcome = transition(enrollment, event, policy);
          const name = outcome.kind === "moved" ? outcome.next.state.phase : outcome.kind;
          reached.set(name, (reached.get(name) ?? 0) + 1);
          expect(JSON.stringify(enrollment), "the row that came in is left as it was").toBe(before);
          if (outcome.kind !== "moved") expect(outcome.because).not.toBe("");
        },
      );
      // A rare outcome is looked for until it came, within a bound: chance must not turn the build red.
      for (
        let round = 0;
        round < ROUNDS_MAX && (round === 0 || reached.size < TRANSITIONS[phase][kind].length);
        round += 1
      ) {
        fc.assert(property, { numRuns: 600 });
      }
      expect([...reached.keys()].sort()).toEqual([...TRANSITIONS[phase][kind]].sort());
    });
  }
});

describe("the total table of decisions", () => {
  for (const phase of PHASES) {
    it.each(STEPS)(`${phase} × %s is answered by each decision of its cell, and by no other`, (step) => {
      const reached = new Set<string>();
      const property = fc.property(
        rowIn(phase),
        anyPolicy,
        fc.tuple(anyInstant, fc.constantFrom(0, 30 * DAY_MS), fc.boolean()),
        (enrollment, policy, [at, later, looked]) => {
          const now = at + later;
          const registration = looked ? { ...enrollment.registration, at: now } : enrollment.registration;
          reached.add(nameOf(decide(step, { ...enrollment, registration }, policy, now)));
        },
      );
      for (
        let round = 0;
        round < ROUNDS_MAX && (round === 0 || reached.size < DECISIONS[phase][step].length);
        round += 1
      ) {
        fc.assert(property, { numRuns: 2_000 });
      }
      expect([...reached].sort()).toEqual([...DECISIONS[phase][step]].sort());
    });
  }
});

describe("docs/SPEC.md", () => {
  it("prints the table of transitions cell by cell", () => {
    const printed = tableAfter("<!-- table: transitions -->");
    expect(printed).toEqual(
      Object.fromEntries(
        EVENT_KINDS.map((kind) => [
          kind,
          Object.fromEntries(PHASES.map((phase) => [phase, [...TRANSITIONS[phase][kind]].sort()])),
        ]),
      ),
    );
  });

  it("prints the table of decisions cell by cell", () => {
    const printed = tableAfter("<!-- table: decisions -->");
    expect(printed).toEqual(
      Object.fromEntries(
        PHASES.map((phase) => [
          phase,
          Object.fromEntries(STEPS.map((step) => [step, [...DECISIONS[phase][step]].sort()])),
        ]),
      ),
    );
  });
});

/** Half of the failed and excluded users fell out of a restore. */
function rowIn(phase: Phase): fc.Arbitrary<Enrollment> {
  return fc.tuple(enrollmentIn(phase), fc.boolean(), anyInstant).map(([row, left, restoringSince]) => {
    const { state } = row;
    if (!left || (state.phase !== "failed" && state.phase !== "excluded")) return row;
    return { ...row, state: { ...state, restoringSince } };
  });
}

/** Half of the failures of a mail say of which notice it was. */
function eventOf(kind: EventKind, enrollment: Enrollment): fc.Arbitrary<EnrollmentEvent> {
  const key = fc.constantFrom<NoticeKey>("first-notice", "follow-up-1", "methods-reset-1");
  return fc
    .tuple(eventFor(kind, enrollment), fc.boolean(), key)
    .map(([event, says, notice]) =>
      event.kind === "step-failed" && event.step === "notify" && says ? { ...event, notice } : event,
    );
}

function nameOf(decision: Decision): string {
  switch (decision.kind) {
    case "settle":
      return `settle ${decision.event.kind}`;
    case "act":
      return decision.target.kind === "set-state" ? `set ${decision.target.mfaState}` : decision.target.kind;
    case "wait":
    case "skip":
      return decision.kind;
  }
}

/** A markdown table as row → column → the sorted words of its cell. */
function tableAfter(marker: string): Record<string, Record<string, string[]>> {
  const [, rest = ""] = SPEC.split(marker);
  const [heads = [], , ...rows] = rest
    .trimStart()
    .split(/\n(?!\|)/)[0]
    ?.split("\n")
    .map(cellsOf) ?? [[]];
  return Object.fromEntries(
    rows.map(([name = "", ...cells]) => [
      name,
      Object.fromEntries(cells.map((cell, index) => [heads[index + 1] ?? "?", cell.split(/, ?/).sort()])),
    ]),
  );
}

function cellsOf(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.replaceAll("`", "").trim());
}
