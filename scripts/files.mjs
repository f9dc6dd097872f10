// Lists files for the scripts beside it: fs.globSync does not exist on Node 20.
import { existsSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";

const neverOurs = new Set(["node_modules", ".git", "dist"]);

/** Paths with forward slashes, sorted, of the files below `folders` whose path matches. A folder that is not there is empty. */
export function listFiles(folders, pattern = /./) {
  return folders
    .flatMap((folder) => [...walk(folder)])
    .filter((file) => pattern.test(file))
    .sort();
}

function* walk(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) yield path.split(sep).join("/");
    else if (!neverOurs.has(entry.name)) yield* walk(path);
  }
}
