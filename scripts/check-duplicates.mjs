// Finds runs of tokens that stand twice in the code, names and values included: `node scripts/check-duplicates.mjs`.
// Tokens come from the compiler's parser, so layout and comments do not count; nor do import lines, which must repeat.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { listFiles } from "./files.mjs";

// So many equal tokens in a row are one piece of logic written twice (about eight full lines). A test may spell out its given
// and then again, as long as no whole test is a copy.
const scopes = [
  { folders: ["functions", "shared", "apps", "scripts"], tokens: 80 },
  { folders: ["test"], tokens: 160 },
];

/** @returns one line a pair of places, the longest first */
export function findDuplicates(root) {
  return scopes.flatMap(({ folders, tokens }) => {
    const files = listFiles(
      folders.map((folder) => join(root, folder)),
      /\.(tsx?|mjs)$/,
    );
    return runsOf(files.map(tokenize), tokens).map((run) => describe(run, root));
  });
}

function tokenize(file) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const tokens = [];
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) return;
    const children = node.getChildren(source);
    for (const child of children) visit(child);
    if (children.length > 0 || node.getWidth(source) === 0) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    tokens.push({ text: node.getText(source), line: line + 1 });
  };
  visit(source);
  return { file, tokens };
}

function runsOf(files, least) {
  const firstPlaceOf = new Map();
  const runs = [];
  for (const { file, tokens } of files) {
    for (let at = 0; at + least <= tokens.length; at++) {
      const window = tokens.slice(at, at + least).map((token) => token.text);
      const key = window.join("\u0000");
      const first = firstPlaceOf.get(key);
      if (first === undefined) {
        firstPlaceOf.set(key, { file, tokens, at });
        continue;
      }
      if (first.tokens === tokens && first.at + least > at) continue; // a list of like rows overlaps itself
      const length = lengthOfRun(first, { tokens, at }, least);
      runs.push({
        length,
        here: place(file, tokens, at, length),
        there: place(first.file, first.tokens, first.at, length),
      });
      at += length - 1;
    }
  }
  return runs.sort((a, b) => b.length - a.length);
}

function lengthOfRun(a, b, least) {
  let length = least;
  const same = () => a.tokens[a.at + length]?.text === b.tokens[b.at + length]?.text;
  while (b.at + length < b.tokens.length && same()) length++;
  return length;
}

function place(file, tokens, at, length) {
  return { file, from: tokens[at].line, to: tokens[at + length - 1].line };
}

function describe({ here, there, length }, root) {
  const text = ({ file, from, to }) => `${file.slice(root.length + 1)}:${String(from)}-${String(to)}`;
  return `${text(there)} stands again at ${text(here)} (${String(length)} tokens)`;
}

if (process.argv[1] === import.meta.filename) {
  const found = findDuplicates(process.cwd());
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
