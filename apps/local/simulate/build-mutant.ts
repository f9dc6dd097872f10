// Builds the program of the seeds with one planted bug. The source is changed on its way into the bundle and nowhere else.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";
import type { Mutant } from "./mutants.ts";

/**
 * @param outFile the program
 * @throws when the text to change does not stand in its file exactly once: the mutant is out of date
 */
export async function buildMutant(root: string, { name, file, find, put }: Mutant, outFile: string): Promise<void> {
  const path = join(root, file);
  const source = readFileSync(path, "utf8");
  const times = source.split(find).length - 1;
  if (times !== 1) throw new Error(`the planted bug "${name}" finds its place ${times} times in ${file}, and not once`);
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["apps/local/simulate/run-seeds.ts"],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    mainFields: ["module", "main"],
    outfile: outFile,
    logLevel: "silent",
    plugins: [
      {
        name: "planted-bug",
        setup: (build) => {
          build.onLoad({ filter: /\.ts$/ }, (args) =>
            args.path === path ? { contents: source.replace(find, () => put), loader: "ts" } : undefined,
          );
        },
      },
    ],
  });
}
