// Builds one entry point for a test that needs it as a process of its own: Node 20 cannot run TypeScript.
import { build } from "esbuild";
import { join } from "node:path";

/** Answers the path of the built file in `outDir`. */
export async function buildEntry(source: string, outDir: string): Promise<string> {
  const outfile = join(outDir, "entry.mjs");
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "error",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return outfile;
}
