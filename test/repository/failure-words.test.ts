// Each reason of failure has its section in the runbook, with the words that the page shows.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { FAILURE_REASONS } from "../../shared/domain/failure.ts";
import { FAILURE_WORDS, wordsOf } from "../../shared/domain/failure-words.ts";

/** Paragraphs as one line each, without escapes. */
const sections = new Map(
  readFileSync(new URL("../../docs/RUNBOOK.md", import.meta.url), "utf8")
    .split(/^###? /mu)
    .map((section) => {
      const [title = "", ...body] = section.split("\n");
      return [title.trim(), body.join(" ").replaceAll(/\s+/gu, " ").trim()] as const;
    }),
);

it.each(FAILURE_REASONS)("%s says in the runbook what happened and what to do, as on the page", (reason) => {
  const { happened, todo } = FAILURE_WORDS[reason];

  expect(happened).toMatch(/\.$/);
  expect(todo).toMatch(/\.$/);
  expect(sections.get(reason)).toBe(`${happened} _Do:_ ${todo}`);
});

it("a reason that a newer build stored has no words, and breaks nothing", () => {
  expect(wordsOf("of-tomorrow")).toBeNull();
  expect(wordsOf("toString")).toBeNull();
});
