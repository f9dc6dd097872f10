// docs/EMBEDDED.md says for each item of the embedded parts which tests show it, and nothing else.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readText, root } from "./repository-files.ts";
import { itemsOf, numbersAfter, testTitles } from "./test-titles.ts";

const DOCUMENT = "docs/EMBEDDED.md";
const ITEMS_OF = { host: 35, clock: 18, broker: 36, tenant: 36 };

describe(DOCUMENT, () => {
  it("has a row for each item of each part, in order", () => {
    const rows = [...readText(DOCUMENT).matchAll(/^\| (\w+ \d+) \|/gm)].map(([, item]) => item);
    const all = Object.entries(ITEMS_OF).flatMap(([part, count]) =>
      Array.from({ length: count }, (_, index) => `${part} ${index + 1}`),
    );
    expect(rows).toEqual(all);
  });

  it("lists every test that names an item, and none that is not there", async () => {
    const files = filesByItem();
    expect(files.size, "no test names an item").toBeGreaterThan(20);
    const today = readText(DOCUMENT).replaceAll(
      /^(\| (\w+ \d+) \|.*\| )[^|]+ \|$/gm,
      (_row, head: string, item: string) => {
        const shownBy = [...(files.get(item) ?? [])].sort().map((file) => `\`${file}\``);
        return `${head}${shownBy.join(", ") || "not yet"} |`;
      },
    );
    await expect(today).toMatchFileSnapshot(join(root, DOCUMENT));
  });

  it("has no test that names an item which does not exist", () => {
    const known = new Set(readText(DOCUMENT).match(/(?<=^\| )\w+ \d+(?= \|)/gm));
    expect([...filesByItem().keys()].filter((item) => !known.has(item))).toEqual([]);
  });
});

function filesByItem(): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const { file, title } of testTitles()) {
    for (const part of Object.keys(ITEMS_OF)) {
      for (const number of numbersAfter(part, itemsOf(title))) {
        const item = `${part} ${number}`;
        files.set(item, (files.get(item) ?? new Set()).add(file));
      }
    }
  }
  return files;
}
