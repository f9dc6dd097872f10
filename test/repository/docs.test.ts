// What the documents say is held against the repository: a command, a link, a number that no longer exists is a fault.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readText, repositoryFiles, root } from "./repository-files.ts";
import { numbersAfter, testTitles } from "./test-titles.ts";

const DOCUMENTS = /^(README\.md|docs\/.*\.md|shared\/[^/]+\/README\.md)$/;
const INVARIANTS = Array.from({ length: 12 }, (_, index) => index + 1);

describe("commands", () => {
  it("every npm command in a document is a script of package.json", () => {
    const manifest = JSON.parse(readText("package.json")) as { scripts: Record<string, string> };
    const known = new Set([...Object.keys(manifest.scripts), "ci", "install"]);
    const named = repositoryFiles(DOCUMENTS).flatMap((file) =>
      npmCommands(readText(file)).map((name) => ({ file, name })),
    );
    expect(named.filter(({ file }) => file === "README.md").length, "README.md names no command").toBeGreaterThan(2);
    expect(named.filter(({ name }) => !known.has(name))).toEqual([]);
  });

  it("every flag of `npm start` in a document is one that the program reads", () => {
    const program = repositoryFiles(/^apps\/local\/(run|host|tenant)\/.*\.ts$/)
      .map(readText)
      .join("\n");
    const lines = repositoryFiles(DOCUMENTS).flatMap((file) => readText(file).match(/npm start[^`\n]*/g) ?? []);
    const flags = lines.flatMap((line) => line.match(/(?<= --)[a-z][a-z-]+/g) ?? []);
    expect(flags.length, "no document shows a flag").toBeGreaterThan(1);
    expect([...new Set(flags)].filter((flag) => !program.includes(flag))).toEqual([]);
  });
});

describe("links", () => {
  it("every link to a file of the repository, and to a heading in it, leads somewhere", () => {
    const links = repositoryFiles(DOCUMENTS).flatMap((file) => linksOf(file));
    expect(links.length, "no document has a link").toBeGreaterThan(10);
    expect(links.filter((link) => !leadsSomewhere(link))).toEqual([]);
  });
});

describe("docs/SPEC.md", () => {
  it("numbers the invariants from 1 to 12", () => {
    expect(numberedInvariants()).toEqual(INVARIANTS);
  });

  it("has for each invariant a test whose title cites it, and no title cites one that does not exist", () => {
    const cited = new Set(testTitles().flatMap(({ title }) => numbersAfter("invariant", title)));
    expect([...cited].sort((a, b) => a - b)).toEqual(INVARIANTS);
  });
});

describe("docs/decisions", () => {
  it("are numbered without a gap, titled, and listed in their index", () => {
    const files = repositoryFiles(/^docs\/decisions\/\d{4}-[a-z0-9-]+\.md$/).sort();
    expect(files.length).toBeGreaterThan(0);
    expect(files.map((file) => Number(file.slice(15, 19)))).toEqual(files.map((_, index) => index + 1));
    const lines = files.map((file) => `- [${titleOf(file)}](${file.slice("docs/decisions/".length)})`);
    const listed = readText("docs/decisions/README.md").match(/^- \[.*$/gm) ?? [];
    expect(listed).toEqual(lines);
  });
});

function npmCommands(text: string): string[] {
  const calls = text.matchAll(/\bnpm (?:run (?:-s |--silent )?)?(?:-s )?([a-z][a-z:-]*)/g);
  const code = new Set([...text.matchAll(/`[^`\n]+`|```[^]*?```/g)].map(([block]) => block));
  const inCode = [...code].join("\n");
  return [...calls].flatMap(([whole, name = ""]) => (inCode.includes(whole) ? [name] : []));
}

interface Link {
  readonly file: string;
  readonly target: string;
}

function linksOf(file: string): Link[] {
  const text = readText(file).replaceAll(/```[^]*?```/g, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target)).map((target) => ({ file, target }));
}

function leadsSomewhere({ file, target }: Link): boolean {
  const [path = "", heading] = target.split("#");
  const full = path === "" ? file : join(dirname(file), path);
  if (!existsSync(join(root, full))) return false;
  return heading === undefined || !full.endsWith(".md") || headingsOf(full).includes(heading);
}

/** As GitHub makes anchors: small letters, spaces to hyphens, other signs dropped. */
function headingsOf(file: string): string[] {
  const headings = readText(file).match(/^#+ .*$/gm) ?? [];
  return headings.map((line) =>
    line
      .replace(/^#+ /, "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Numbers at the head of a list item, a table row or a heading, in the chapter whose heading names the invariants. */
function numberedInvariants(): number[] {
  const [, chapter = ""] = readText("docs/SPEC.md").split(/^#+ .*invariants.*$/im);
  const heads = chapter.matchAll(/^(?:#+ (?:invariant )?|\| *|)(?:\*\*)?(\d+)(?:\*\*)?(?:\.| *\||:)/gim);
  return [...new Set([...heads].map(([, number]) => Number(number)))].sort((a, b) => a - b);
}

function titleOf(file: string): string {
  return /^# (.+)$/m.exec(readText(file))?.[1] ?? `${file} has no title`;
}
