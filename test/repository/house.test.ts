// Rules of the house that neither the compiler nor the linter can see.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { linesMatching, readText, repositoryFiles, root } from "./repository-files.ts";

const CODE = /^(functions|shared|apps|scripts|test)\/.*\.(ts|tsx|mjs)$/;
const TEXT = /\.(ts|tsx|js|mjs|cjs|json|md|ya?ml|html|css|csv|bicep|liquid|sh)$|(^|\/)\.[a-z]+(rc)?$|^\.ci\//;

function found(files: string[], pattern: RegExp): string[] {
  expect(files.length, "no file was looked at").toBeGreaterThan(0);
  return files.flatMap((file) => linesMatching(file, pattern));
}

describe("packages", () => {
  it("the lock names no registry, so that it works against any", () => {
    expect(found(["package-lock.json"], /"resolved"/)).toEqual([]);
    expect(readText(".npmrc")).toContain("omit-lockfile-registry-resolved=true");
  });

  it("every dependency has an exact version", () => {
    const manifest: unknown = JSON.parse(readText("package.json"));
    const ranges: string[] = [];
    let seen = 0;
    for (const [kind, packages] of Object.entries(manifest ?? {})) {
      if (!/dependencies$/i.test(kind)) continue;
      for (const [name, version] of Object.entries(packages as Record<string, string>)) {
        seen++;
        if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) ranges.push(`${name} ${version}`);
      }
    }
    expect(seen).toBeGreaterThan(20);
    expect(ranges).toEqual([]);
  });
});

describe("files", () => {
  it("none names a folder of one machine or the host of a package registry", () => {
    // The brackets keep the patterns from finding themselves.
    const folders = "(^|[^\\w./$}-])/(wor[k]/|hom[e]/\\w|User[s]/\\w|roo[t]/|tm[p]/\\w)";
    const hosts = "registr[y]\\.[a-z]+\\.|artifactor[y]|verdacci[o]|jfro[g]";
    expect(found(repositoryFiles(TEXT), new RegExp(`${folders}|${hosts}`))).toEqual([]);
  });

  it("none has a name that says nothing, and none only hands on what others export", () => {
    const nameless = /((^|[/.-])(utils?|helpers?|managers?|misc|common)|\/index)\.(tsx?|mjs)$/;
    expect(repositoryFiles(nameless)).toEqual([]);
  });

  it("all text has LF line ends, and no byte order mark", () => {
    const texts = repositoryFiles(TEXT).filter((file) => !file.includes("/fixtures/"));
    expect(texts.filter((file) => readText(file).includes("\r\n") || readText(file).startsWith("\uFEFF"))).toEqual([]);
  });

  it("a folder of shared/ says in at most ten lines what may enter it", () => {
    const entries = readdirSync(join(root, "shared"), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => `shared/${entry.name}`);
    expect(folders.length).toBeGreaterThan(4);
    const without = folders.filter((folder) => !existsSync(join(root, folder, "README.md")));
    expect(without).toEqual([]);
    const long = folders.filter((folder) => readText(`${folder}/README.md`).trimEnd().split("\n").length > 10);
    expect(long).toEqual([]);
  });

  it("a function file fits on one screen: at most 40 lines", () => {
    const functions = repositoryFiles(/^functions\/.*\.ts$/);
    expect(functions.length).toBeGreaterThan(0);
    expect(functions.filter((file) => readText(file).trimEnd().split("\n").length > 40)).toEqual([]);
  });

  it("a function file is named <verb>-<noun>.<timer|queue|http>.ts", () => {
    expect(repositoryFiles(/^functions\//).filter((file) => !/\/[a-z-]+\.(timer|queue|http)\.ts$/.test(file))).toEqual(
      [],
    );
  });
});

describe("code", () => {
  it("a suppression of compiler or lint gives its reason on the same line", () => {
    const directive = /(eslint-disable(?!.* -- \w)|@ts-(ignore|nocheck|expect-error\s*$))/;
    expect(found(repositoryFiles(CODE).filter(notThisFile), directive)).toEqual([]);
  });

  it("nothing is left to do in a comment", () => {
    expect(found(repositoryFiles(CODE).filter(notThisFile), /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  it("no test is skipped or alone", () => {
    const skipping = /\b(it|test|describe)\.(skip|only|todo|fails)\(/;
    expect(found(repositoryFiles(/^test\/.*\.ts$/).filter(notThisFile), skipping)).toEqual([]);
  });

  it("every test file belongs to a project, so that none is silently left out", () => {
    const config = readText("vitest.config.ts");
    const tests = repositoryFiles(/^test\/.*\.(test|bench)\.ts$/);
    const strays = tests.filter((file) => !config.includes(`"${file.split("/").slice(0, 2).join("/")}/**/`));
    expect(tests.length).toBeGreaterThan(5);
    expect(strays).toEqual([]);
    expect(repositoryFiles(/\.(test|bench|spec)\.tsx?$/).filter((file) => !tests.includes(file))).toEqual([]);
  });
});

/** This file spells out what it forbids. */
function notThisFile(file: string): boolean {
  return file !== "test/repository/house.test.ts";
}
