// What is saved of a user is what is loaded again, in every phase.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unknownColumns } from "../../../shared/codec/columns.ts";
import { ENROLLMENT_COLUMNS, formatEnrollment, parseEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import { parseColumns } from "../../../shared/codec/stored-columns.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { isWrapper, PHASES } from "../../../shared/domain/enrollment.ts";
import { FAR_FUTURE } from "../../../shared/domain/instant.ts";
import { anyMoments, anyPolicy, enrollmentIn, live } from "../../support/arbitraries.ts";
import { inState, notified, openClaim, T0 } from "../../support/builders.ts";
import { countCases } from "./case-count.ts";
import { anyText, hasLoneSurrogate } from "./texts.ts";
import { plain, throughTable } from "./through-table.ts";

/** The row's free texts, where the phase has them, are any text at all. */
function withTexts(enrollment: Enrollment, userId: string, text: string): Enrollment {
  const { state, claim } = enrollment;
  const sender = claim.kind === "open" ? { ...claim, sender: text } : claim;
  const row = { ...enrollment, userId, claim: sender };
  if (state.phase === "held") return { ...row, state: { ...state, reason: text, owner: text } };
  return state.phase === "excluded" ? { ...row, state: { ...state, reason: text } } : row;
}

function reload(enrollment: Enrollment): Enrollment {
  return parseEnrollment(throughTable(formatEnrollment(enrollment)));
}

describe("an enrollment is loaded as it was saved", () => {
  for (const phase of PHASES) {
    it(`in phase ${phase}, with any claim, notices, prior state and evidence`, () => {
      const seen = countCases(["bound before", "unobserved", "observed", "at once", "later"]);
      const rows = fc.tuple(enrollmentIn(phase), fc.uuid(), anyText);
      const property = fc.property(rows, ([row, userId, text]) => {
        const enrollment = withTexts(row, userId, text);
        const { state, prior, notBefore } = enrollment;
        expect(state.phase).toBe(phase);
        seen.saw("bound before", !isWrapper(state) || state.was.phase === "enforced");
        seen.saw(prior.kind);
        seen.saw(notBefore === 0 ? "at once" : "later");
        expect(reload(enrollment)).toStrictEqual(plain(enrollment));
      });
      fc.assert(property, { numRuns: 300 });
      seen.expectEach(20);
    });
  }

  it("whatever phase a wrapper left, with or without a claim and notices, told or not", () => {
    const wrapped = ["queued", "enabled", "notified", "enforced"] as const;
    const seen = countCases([
      ...wrapped,
      ...["open claim", "no claim", "no notice", "some notices", "told", "not-told"],
      ...["held without an end", "hostile text"],
    ] as const);
    const rows = fc.tuple(fc.oneof(...PHASES.map(enrollmentIn)), fc.uuid(), anyText);
    const property = fc.property(rows, ([row, userId, text]) => {
      const enrollment = withTexts(row, userId, text);
      const { state, claim, notices } = enrollment;
      if (isWrapper(state)) seen.saw(state.was.phase);
      if (state.phase === "enforced") seen.saw(state.told.kind);
      seen.saw("held without an end", state.phase === "held" && state.until === FAR_FUTURE);
      seen.saw("hostile text", state.phase === "held" && hasLoneSurrogate(state.reason));
      seen.saw(claim.kind === "open" ? "open claim" : "no claim");
      seen.saw(notices.length === 0 ? "no notice" : "some notices");
      expect(reload(enrollment)).toStrictEqual(plain(enrollment));
    });
    fc.assert(property, { numRuns: 2_000 });
    seen.expectEach(10);
  });

  it("at every moment of a life that was led, not only in states that a generator made up", () => {
    const seen = countCases(PHASES);
    const property = fc.property(anyMoments, anyPolicy, (moments, policy) => {
      for (const { outcome } of live(moments, policy)) {
        if (outcome.kind !== "moved") continue;
        seen.saw(outcome.next.state.phase);
        expect(reload(outcome.next)).toStrictEqual(plain(outcome.next));
      }
    });
    fc.assert(property, { numRuns: 300 });
    seen.expectEach(5);
  });
});

describe("an enrollment's row", () => {
  it("has known columns only, so that none is taken for a newer version's and kept for ever; each is in use", () => {
    const met = new Set<string>();
    const note = (enrollment: Enrollment): void => {
      for (const column of Object.keys(formatEnrollment(enrollment))) met.add(column);
    };
    fc.assert(fc.property(fc.oneof(...PHASES.map(enrollmentIn)), note), { numRuns: 1_000 });
    // Some columns are only reached by living: what a failed restore leaves behind, for one.
    const lives = fc.property(anyMoments, anyPolicy, (moments, policy) => {
      for (const { outcome } of live(moments, policy)) if (outcome.kind === "moved") note(outcome.next);
    });
    fc.assert(lives, { numRuns: 2_000 });
    expect([...met].sort()).toEqual([...ENROLLMENT_COLUMNS].sort());
  });

  it("does not say what is not so: a column of another phase is absent, and so is what has never been", () => {
    const columns = formatEnrollment(inState(notified(), { claim: openClaim("reminder-1", T0) }));
    expect(Object.keys(columns).sort()).toEqual(
      [
        ...["attempt", "claimEnforceAfter", "claimExpiresAt", "claimNotice", "claimSender", "claimedAt"],
        ...["enforceAfter", "notices", "phase", "prior", "priorAt", "registration", "reverts", "toldAt"],
        ...["userId", "v", "written"],
      ].sort(),
    );
  });

  it("is read although a newer version added columns, and `__proto__` among them changes nothing", () => {
    const enrollment = inState(notified());
    const stored = JSON.stringify({ ...formatEnrollment(enrollment), colour: "blue" });
    const columns = parseColumns(stored.replace("{", '{"__proto__":"x",'));
    expect(Object.keys(columns)).toContain("__proto__");
    expect(parseEnrollment(throughTable(columns))).toStrictEqual(enrollment);
    const kept = unknownColumns(columns, ENROLLMENT_COLUMNS);
    expect(Object.entries(kept)).toEqual([
      ["__proto__", "x"],
      ["colour", "blue"],
    ]);
  });
});
