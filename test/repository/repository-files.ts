// The files of this repository as the tests beside it see them: tracked ones and new ones that git does not ignore.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

/** Without git (a downloaded archive) there is no list, and these tests have nothing to say: they fail with git's message. */
export function repositoryFiles(pattern = /./): string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 32 * 1024 * 1024 });
  return [...new Set(listed.split("\n"))].filter(
    (file) => file !== "" && pattern.test(file) && existsSync(join(root, file)),
  );
}

export function readText(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** `file:line: text` of each line that matches: what a failing test should show. */
export function linesMatching(file: string, pattern: RegExp): string[] {
  return readText(file)
    .split("\n")
    .flatMap((text, index) => (pattern.test(text) ? [`${file}:${index + 1}: ${text.trim().slice(0, 120)}`] : []));
}
