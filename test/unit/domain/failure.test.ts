// The failure table, a case a row: docs/SPEC.md prints the same rows.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Answer, Operation } from "../../../shared/domain/failure.ts";
import { classify, isCircuitOpen, RULES } from "../../../shared/domain/failure.ts";
import { DAY_MS, HOUR_MS } from "../../../shared/domain/instant.ts";
import { RETRY } from "../../../shared/domain/policy.ts";
import { backoffMs, parseRetryAfter, retryAt } from "../../../shared/domain/retry.ts";
import { aFailure, answered, T0 } from "../../support/builders.ts";

const none: Answer = { kind: "none" };
const unreachable: Answer = { kind: "unreachable", retryAfterMs: 0 };
const enveloped: Answer = { kind: "envelope-throttled", retryAfterMs: 7_000 };

/** Operation, answer, then: reason, disposition, scope, does it use up an attempt. In the order of the rules. */
const CASES: readonly (readonly [Operation, Answer, string])[] = [
  ["mail", enveloped, "throttled retry user free"],
  ["mail", unreachable, "no-answer retry user counts"],
  ["mail", none, "no-answer uncertain user counts"],
  ["write", none, "no-answer retry user counts"],
  ["mail", answered(429, "ApplicationThrottled"), "mailbox-busy retry user free"],
  ["mail", answered(429, "TooManyRequests"), "throttled uncertain user free"],
  ["write", answered(429, "ApplicationThrottled"), "throttled retry user free"],
  ["mail", answered(404, "ErrorInvalidUser"), "sender-unusable retry sender counts"],
  ["mail", answered(404, "MailboxNotEnabledForRESTAPI"), "sender-unusable retry sender counts"],
  ["mail", answered(403, "ErrorAccessDenied"), "sender-unusable retry sender counts"],
  ["mail", answered(403, "ErrorSendAsDenied"), "sender-unusable retry sender counts"],
  ["mail", answered(404, "Request_ResourceNotFound"), "sender-unusable retry sender counts"],
  ["write", answered(404, "Request_ResourceNotFound"), "user-gone exclude user counts"],
  ["read", answered(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"), "licence-missing fail user counts"],
  ["write", answered(401, "InvalidAuthenticationToken"), "token-refused retry circuit counts"],
  ["write", answered(403, "Authorization_RequestDenied"), "protected-object fail circuit counts"],
  ["write", answered(409), "concurrent-change retry user counts"],
  ["write", answered(412), "concurrent-change retry user counts"],
  ["write", answered(424), "graph-unavailable retry user counts"],
  ["mail", answered(408), "no-answer uncertain user counts"],
  ["mail", answered(499), "no-answer uncertain user counts"],
  ["write", answered(408), "no-answer retry user counts"],
  ["write", answered(499), "no-answer retry user counts"],
  ["mail", answered(504), "no-answer uncertain user counts"],
  ["read", answered(504), "no-answer retry user counts"],
  ["mail", answered(503), "graph-unavailable uncertain user counts"],
  ["write", answered(501), "bad-request fail user counts"],
  ["write", answered(500), "graph-unavailable retry user counts"],
  ["write", answered(400, "Request_BadRequest"), "bad-request fail user counts"],
  ["write", answered(405), "bad-request fail user counts"],
  ["write", answered(418), "unclassified fail user counts"],
];

describe("the failure table", () => {
  it.each(CASES)("%s answered %j", (operation, answer, expected) => {
    const verdict = classify(operation, answer);
    if (verdict.kind !== "failed") throw new Error("it was done");
    const { reason, disposition, scope, countsAttempt, retryAfterMs } = verdict.failure;
    expect(`${reason} ${disposition} ${scope} ${countsAttempt ? "counts" : "free"}`).toBe(expected);
    expect(retryAfterMs).toBe(answer.kind === "none" ? 0 : answer.retryAfterMs);
  });

  it("has a case for each rule, in its order", () => {
    expect(CASES.map(([, , text]) => text.split(" ").slice(0, 2))).toEqual(
      RULES.map(({ reason, disposition }) => [reason, disposition]),
    );
  });

  it("is printed in docs/SPEC.md row by row", () => {
    const spec = readFileSync(new URL("../../../docs/SPEC.md", import.meta.url), "utf8");
    const [, table = ""] = spec.split("<!-- table: failures -->");
    const rows =
      table
        .trimStart()
        .split(/\n(?!\|)/)[0]
        ?.split("\n")
        .slice(2) ?? [];
    const printed = rows.map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    expect(printed).toEqual(
      RULES.map((rule, index) => [
        String(rule.status),
        rule.code ?? "any",
        rule.operation ?? "any",
        rule.disposition,
        rule.scope ?? "user",
        CASES[index]?.[2].endsWith("free") === true ? "no" : "yes",
        rule.reason,
      ]),
    );
  });

  it("invariant 4: only a 2xx of the step itself is done", () => {
    let done = 0;
    const operations = fc.constantFrom<Operation>("read", "write", "mail");
    const property = fc.property(operations, fc.integer({ min: 100, max: 599 }), (operation, status) => {
      const isDone = classify(operation, answered(status)).kind === "done";
      if (isDone) done++;
      expect(isDone).toBe(status >= 200 && status < 300);
    });
    fc.assert(property, { numRuns: 1_000 });
    expect(done).toBeGreaterThan(50);
    for (const answer of [none, unreachable, enveloped]) expect(classify("write", answer).kind).toBe("failed");
  });
});

describe("a circuit", () => {
  const refused = aFailure({ scope: "circuit" });

  it.each([
    [[refused, refused], true],
    [[refused, "unanswered"], true],
    [[refused, "done"], false],
    [[refused, aFailure()], false],
    [["unanswered"], false],
    [[], false],
  ] as const)("of %j is open: %s", (failures, open) => {
    expect(isCircuitOpen(failures)).toBe(open);
  });
});

describe("the wait before another try", () => {
  it.each([
    [null, 0],
    ["", 0],
    ["soon", 0],
    ["-5", 0],
    ["0", 2_000],
    ["0.249", 2_000],
    ["3.0001", 3_001],
    [" 120 ", 120_000],
    ["86400", DAY_MS],
    [new Date(T0 + HOUR_MS).toUTCString(), HOUR_MS],
    [new Date(T0 - HOUR_MS).toUTCString(), 2_000],
    ["9".repeat(400), 365 * DAY_MS],
  ])("Retry-After %j is %i ms", (value, wait) => {
    expect(parseRetryAfter(value, T0)).toBe(wait);
  });

  it("is never shorter than what was asked, nor than 2 s, and within the cap where nothing was asked", () => {
    const seen = { asked: 0, jitter: 0 };
    const some = fc.array(fc.constantFrom(0, 249, 2_000, 90_500.5, DAY_MS), { minLength: 1, maxLength: 5 });
    const random = fc.double({ min: 0, max: 0.999, noNaN: true });
    const property = fc.property(some, fc.integer({ min: 1, max: 12 }), random, (asked, attempt, chance) => {
      const failures = asked.map((retryAfterMs) => aFailure({ retryAfterMs }));
      const wait = retryAt(failures, attempt, { now: T0, random: chance, policy: RETRY }) - T0;
      expect(Number.isInteger(wait)).toBe(true);
      expect(wait).toBeGreaterThanOrEqual(Math.max(2_000, ...asked));
      if (Math.max(...asked) > 0) seen.asked++;
      else {
        seen.jitter++;
        expect(wait).toBe(backoffMs(attempt, chance, RETRY));
        expect(wait).toBeLessThanOrEqual(Math.max(2_000, Math.min(RETRY.capMs, RETRY.baseMs * 2 ** (attempt - 1))));
      }
    });
    fc.assert(property, { numRuns: 1_500 });
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
  });
});
