// Imports the function files named by `main` of the app's package.json, one after the other, and says what they registered.
// Stricter than Azure: an app without functions fails the start there only as a silent "healthy, 0 functions".
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { Core } from "./core.ts";
import { describe } from "./invocation.ts";

const packageJson = z.looseObject({ main: z.string().optional(), type: z.string().optional() });

export async function loadApp(appDir: string, core: Core): Promise<void> {
  const where = join(appDir, "package.json");
  if (!existsSync(where))
    throw fault(where, "there is no package.json.", "Point the host at the function app's folder.");
  const { main, type } = packageJson.parse(JSON.parse(readFileSync(where, "utf8")));
  if (main === undefined) throw fault(where, 'it has no "main".', 'Set it, for example "dist/functions/*.js".');
  const files = expandGlob(appDir, main);
  if (files.length === 0) throw fault(where, `"main" (${main}) matches no file.`, "Build the app: npm run build.");
  for (const file of files) await importFile(appDir, file, type === "module");
  core.lock();
  if (core.functions.size > 0) return;
  if (core.model === undefined && hasForgottenCore(appDir)) {
    throw fault(
      where,
      "@azure/functions was imported before the host was ready for it.",
      "Start the host in a process of its own.",
    );
  }
  throw fault(
    where,
    `"main" (${main}) registers no function.`,
    "Call app.timer, app.serviceBusQueue or app.http in it.",
  );
}

async function importFile(appDir: string, file: string, isModule: boolean): Promise<void> {
  const isEsm = file.endsWith(".mjs") || (isModule && !file.endsWith(".cjs"));
  try {
    if (isEsm) await import(pathToFileURL(file).href);
    else createRequire(file)(file);
  } catch (error) {
    throw fault(
      relative(appDir, file),
      `it could not be loaded: ${describe(error)}.`,
      "Function files register first, and do no I/O.",
    );
  }
}

/** One path or a glob in its last part: that is all that `main` needs, and fs.globSync does not exist on Node 20. */
function expandGlob(appDir: string, main: string): string[] {
  const path = join(appDir, main);
  const folder = dirname(path);
  const name = path.slice(folder.length + 1);
  if (!name.includes("*")) return existsSync(path) ? [path] : [];
  if (!existsSync(folder)) return [];
  const pattern = new RegExp(`^${name.split("*").map(escape).join("[^/]*")}$`);
  return readdirSync(folder)
    .filter((file) => pattern.test(file))
    .sort()
    .map((file) => join(folder, file));
}

function escape(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");
}

/** @azure/functions is in memory and no model was set: it asked for the core before the shim was there, and gave up. */
function hasForgottenCore(appDir: string): boolean {
  const require = createRequire(join(appDir, "package.json"));
  return Object.keys(require.cache).some((file) => /[\\/]@azure[\\/]functions[\\/]/.test(file));
}

function fault(where: string, what: string, fix: string): UserFault {
  return new UserFault([{ what, fix, at: { where } }]);
}
