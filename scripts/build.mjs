// Bundles functions/, apps/local and apps/dashboard into dist/: `node scripts/build.mjs [--if-stale]`.
// Everything said goes to stderr: with `npm start -s -- --json` nothing but our JSON may be on stdout.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { buildDashboard } from "./build-dashboard.mjs";
import * as esbuild from "esbuild";
import { listFiles } from "./files.mjs";

const root = dirname(import.meta.dirname);
const stampFile = "dist/.stamp";

// Entry points of programs of apps/local; a file that is not there is named on stderr and left out.
const localEntries = {
  main: "apps/local/run/main.ts",
  "kill-test": "apps/local/run/kill-test.ts",
  "tree-child": "apps/local/run/tree-child.ts",
  floors: "apps/local/floors/main.ts",
  simulate: "apps/local/simulate/main.ts",
  "run-seeds": "apps/local/simulate/run-seeds.ts",
  bench: "apps/local/bench/main.ts",
  "bench-peer": "apps/local/bench/peer-child.ts",
  broker: "apps/local/broker/main.ts",
  tenant: "apps/local/tenant/main.ts",
  "broker-child": "apps/local/supervisor/broker-child.ts",
  "tenant-child": "apps/local/supervisor/tenant-child.ts",
  "tables-child": "apps/local/supervisor/tables-child.ts",
  "host-child": "apps/local/supervisor/host-child.ts",
};

const node = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  splitting: true,
  // Of a package with both, the ES module: `import()` of a bundled CommonJS one would give nothing but `default`.
  mainFields: ["module", "main"],
  sourcemap: true,
  // With the default, shared chunks land among the functions, and the glob of package.json `main` loads them as functions.
  chunkNames: "chunks/[name]-[hash]",
  // CommonJS packages inside the bundle call `require`, which an ES module does not have.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);',
  },
  outdir: "dist",
  write: false,
  logLevel: "silent",
};

// -core exists only inside the Functions worker (or our own host), and @azure/functions must find that one.
const functionsExternal = ["@azure/functions", "@azure/functions-core"];

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  const unknown = args.find((arg) => arg !== "--if-stale");
  if (unknown !== undefined) {
    say(`unknown option ${unknown}; the only one is --if-stale`);
    return 2;
  }
  process.chdir(root);
  const stamp = fingerprint();
  if (args.length > 0 && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return 0;

  const began = Date.now();
  const results = await Promise.all([buildFunctions(), buildLocal(), buildPage()]);
  if (results.includes("failed")) return 1;
  const written = results.flat();
  copyDeployables(written);
  prune(written, args.length > 0);
  writeFileSync(stampFile, stamp);
  say(`built ${String(written.length)} files in ${String(Date.now() - began)} ms`);
  return 0;
}

/** Name, size and time of each input: sees a deleted file too, which a comparison of times does not. */
function fingerprint() {
  const inputs = [
    ...listFiles(["functions", "shared", "apps"]),
    ...listFiles(["scripts"], /\/build/),
    ...["host.json", "package.json", "package-lock.json"].filter((file) => existsSync(file)),
  ];
  const hash = createHash("sha256");
  for (const file of inputs) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file} ${String(size)} ${String(mtimeMs)}\n`);
  }
  return hash.digest("hex");
}

async function buildFunctions() {
  const files = listFiles(["functions"], /\.ts$/);
  if (files.length === 0) say("functions/*.ts: none yet, left out");
  const entryPoints = files.map((file) => ({ in: file, out: `functions/${basename(file, ".ts")}` }));
  return bundle("functions", { ...node, entryPoints, external: functionsExternal });
}

async function buildLocal() {
  const found = Object.entries(localEntries).filter(([, file]) => existsSync(file));
  for (const [name, file] of Object.entries(localEntries)) {
    if (!existsSync(file)) say(`${file}: not there yet, dist/local/${name}.js left out`);
  }
  const entryPoints = found.map(([name, file]) => ({ in: file, out: `local/${name}` }));
  // Parts of the embedded runtime that are never deployed stay in node_modules: Azurite reads files beside itself.
  return bundle("local", { ...node, entryPoints, external: [...functionsExternal, "rhea", "azurite", "esbuild"] });
}

async function bundle(what, options) {
  if (options.entryPoints.length === 0) return [];
  return reporting(what, async () => {
    const { outputFiles } = await esbuild.build(options);
    // Entries last: whoever starts an entry while we write finds its chunks.
    const chunksFirst = outputFiles.sort(
      (a, b) => Number(b.path.includes("/chunks/")) - Number(a.path.includes("/chunks/")),
    );
    return chunksFirst.map(({ path, contents }) => save(relative(root, path), contents));
  });
}

async function buildPage() {
  if (!existsSync("apps/dashboard/main.ts")) {
    say("apps/dashboard/main.ts: not there yet, dist/dashboard left out");
    return [];
  }
  return reporting("dashboard", async () => [save("dist/dashboard/index.html", await buildDashboard(root))]);
}

async function reporting(what, build) {
  try {
    return await build();
  } catch (error) {
    const errors = error.errors ?? [{ text: String(error) }];
    for (const line of await esbuild.formatMessages(errors, { kind: "error", color: false })) say(`${what}: ${line}`);
    return "failed";
  }
}

/** What a deployment needs beside the bundles: host.json, a package.json of its own, the notices' templates. */
function copyDeployables(written) {
  if (existsSync("host.json")) written.push(save("dist/host.json", readFileSync("host.json")));
  const { name, version, license, type, engines, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const functions = "@azure/functions";
  const deployed = { name, version, private: true, license, type, main: "functions/*.js", engines };
  deployed.dependencies = { [functions]: dependencies[functions] };
  written.push(save("dist/package.json", `${JSON.stringify(deployed, null, 2)}\n`));
  for (const file of listFiles(["shared/notices"], /\/.+\/.+\.(yaml|liquid|json)$/)) {
    written.push(save(join("dist", relative("shared", file)), readFileSync(file)));
  }
}

/** Whole or not at all, and only if it differs: others may be running what is there. */
function save(file, contents) {
  const bytes = Buffer.from(contents);
  if (existsSync(file) && readFileSync(file).equals(bytes)) return file;
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.${String(process.pid)}.tmp`;
  writeFileSync(partial, bytes);
  renameSync(partial, file);
  return file;
}

/** A function that no longer exists must go at once, the glob of `main` would load it. A running process may still want an
 *  old chunk, so only a full build takes those away. */
function prune(written, keepChunks) {
  const keep = new Set(written);
  const ours = ["functions", "local", "dashboard", "notices", "chunks"].map((folder) => `dist/${folder}`);
  for (const file of listFiles(ours)) {
    const isChunk = file.startsWith("dist/chunks/");
    if (!keep.has(file) && !(isChunk && keepChunks)) rmSync(file, { force: true });
  }
}

function say(text) {
  process.stderr.write(`build: ${text}\n`);
}
