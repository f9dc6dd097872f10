// Titles of all tests, read from the source by the compiler's parser: what a title promises is part of the documents.
import ts from "typescript";
import { readText, repositoryFiles } from "./repository-files.ts";

export interface TestTitle {
  readonly file: string;
  readonly title: string;
}

const RUNNERS = new Set(["it", "test", "describe"]);

// A row of `it.each` carries its title as data: a text that begins so is one, wherever it stands.
const ITEMS = /^(?:(?:host|clock|broker|tenant|invariant)s? \d+(?:(?:, | and )\d+)*(?:, | and |: ))+/;

export function testTitles(): TestTitle[] {
  return repositoryFiles(/^test\/.*\.ts$/).flatMap(titlesOf);
}

function titlesOf(file: string): TestTitle[] {
  const source = ts.createSourceFile(file, readText(file), ts.ScriptTarget.Latest);
  const titles: TestTitle[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && RUNNERS.has(runnerOf(node.expression))) {
      const title = textOf(node.arguments[0]);
      if (title !== undefined) titles.push({ file, title });
    } else if (ts.isStringLiteralLike(node) && ITEMS.test(node.text)) {
      titles.push({ file, title: node.text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/** `it`, `it.each(rows)` and `describe.skipIf(x)` are all called through their first name. */
function runnerOf(callee: ts.Expression): string {
  if (ts.isIdentifier(callee)) return callee.text;
  if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) return runnerOf(callee.expression);
  return "";
}

/** A title made from a template counts up to its first hole. */
function textOf(argument: ts.Expression | undefined): string | undefined {
  if (argument === undefined) return undefined;
  if (ts.isStringLiteralLike(argument)) return argument.text;
  return ts.isTemplateExpression(argument) ? argument.head.text : undefined;
}

/** What a title names before its promise: "host 19, clock 12" of "host 19, clock 12: ten missed ticks are one run". */
export function itemsOf(title: string): string {
  return ITEMS.exec(title)?.[0] ?? "";
}

/** Numbers in "invariant 4: …", "host 2, 6 and 13: …": the word, then its numbers. */
export function numbersAfter(word: string, title: string): number[] {
  const cited = new RegExp(`\\b${word}s? (\\d+(?:(?:, | and )\\d+)*)`, "gi");
  return [...title.matchAll(cited)].flatMap(([, list = ""]) => (list.match(/\d+/g) ?? []).map(Number));
}
