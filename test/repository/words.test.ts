// One thing, one word (docs/ARCHITECTURE.md): words that mean the same in other products are not used for it here.
import { describe, expect, it } from "vitest";
import { readText, repositoryFiles } from "./repository-files.ts";

// Not these, but: rollout, wave, batch, block, attempt, release, exclusion, stalled, dead letter, journal.
const ELSEWHERE = [
  "campaign",
  "cohorts?",
  "shards?",
  "retryCount",
  "whitelist",
  "blacklist",
  "zombies?",
  "poison",
  "stuck",
];
const IN_NAMES = ["job", "task", "stage", "chunk", "ring", "dispatch", "history", "skip", "status", "action", "cancel"];

// A word in another meaning than the one of the table, and where: the reason stands beside it.
const ALLOWED: readonly { readonly word: string; readonly file: RegExp; readonly because: string }[] = [
  { word: "status", file: /./, because: "an HTTP answer's status" },
  {
    word: "chunk",
    file: /^shared\/(azure|domain|codec|ports|memory)\/.*(snapshot|report|read|csv)/,
    because: "part of a file",
  },
  { word: "cohort", file: /^docs\//, because: "explains what a wave is" },
];

describe("words", () => {
  it("shared/, functions/ and the documents use no other product's word for our things", () => {
    const files = repositoryFiles(/^(shared|functions|docs|samples)\/.*\.(ts|md|ya?ml|liquid)$|^README\.md$/);
    expect(files.length).toBeGreaterThan(20);
    const pattern = new RegExp(`\\b(${ELSEWHERE.join("|")})\\b`, "gi");
    expect(files.flatMap((file) => uses(file, readText(file), pattern))).toEqual([]);
  });

  it("nothing that shared/ and functions/ export is named with such a word", () => {
    const files = repositoryFiles(/^(shared|functions)\/.*\.ts$/);
    const pattern = new RegExp(`\\b(${IN_NAMES.join("|")})s?\\b`, "gi");
    const declared = /^export (?:async )?(?:const|function|interface|type|class) (\w+)/gm;
    const names = files.flatMap((file) =>
      [...readText(file).matchAll(declared)].map(([, name = ""]) => ({ file, name })),
    );
    expect(names.length).toBeGreaterThan(50);
    expect(names.flatMap(({ file, name }) => uses(file, asWords(name), pattern))).toEqual([]);
  });
});

function uses(file: string, text: string, pattern: RegExp): string[] {
  const found = [...text.matchAll(pattern)].map(([word]) => word.toLowerCase());
  return [...new Set(found)].filter((word) => !isAllowed(word, file)).map((word) => `${file}: ${word}`);
}

function isAllowed(word: string, file: string): boolean {
  return ALLOWED.some((entry) => word.startsWith(entry.word) && entry.file.test(file));
}

/** `planWaves` is "plan Waves": an identifier is read word by word, so that `string` holds no `ring`. */
function asWords(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").replaceAll("_", " ");
}
