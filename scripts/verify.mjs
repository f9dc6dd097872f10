// All checks that need no run of the product: `npm run verify`, or some: `node scripts/verify.mjs types lint`.
// Each says one line; what failed is printed in full below, so that one run shows everything there is to mend.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";

const root = dirname(import.meta.dirname);
const folders = ["functions", "shared", "apps", "test", "scripts"].filter((folder) => existsSync(`${root}/${folder}`));

const tsc = "node_modules/typescript/bin/tsc";
const checks = {
  types: [tsc, "--project", "tsconfig.json"],
  "page-types": [tsc, "--project", "apps/dashboard/tsconfig.json"],
  lint: ["node_modules/eslint/bin/eslint.js", ".", "--max-warnings", "0"],
  format: ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."],
  layers: [
    "node_modules/dependency-cruiser/bin/dependency-cruise.mjs",
    "--config",
    ".dependency-cruiser.cjs",
    ...folders,
  ],
  "dead-code": ["node_modules/knip/bin/knip.js", "--no-progress"],
  duplicates: ["scripts/check-duplicates.mjs"],
  docs: ["node_modules/vitest/vitest.mjs", "run", "--project", "repository", "--reporter", "dot"],
};

process.exitCode = await main(process.argv.slice(2));

async function main(asked) {
  const unknown = asked.filter((name) => !(name in checks));
  if (unknown.length > 0) {
    process.stderr.write(`no such check: ${unknown.join(", ")}; there are ${Object.keys(checks).join(", ")}\n`);
    return 2;
  }
  const names = asked.length > 0 ? asked : Object.keys(checks);
  const results = await runAll(names);
  const failed = results.filter((result) => !result.ok);
  for (const { name, output } of failed) process.stdout.write(`\n--- ${name} ---\n${output.trim()}\n`);
  return failed.length === 0 ? 0 : 1;
}

/** Two at a time: more would only wait for each other on the two cores of a CI machine. */
async function runAll(names) {
  const waiting = [...names];
  const results = [];
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) results.push(await run(name));
  };
  await Promise.all([worker(), worker()]);
  return results;
}

async function run(name) {
  const began = Date.now();
  const { code, output } = await execute(checks[name]);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  process.stdout.write(`${name.padEnd(12)} ${code === 0 ? "ok" : "FAILED"} (${seconds} s)\n`);
  return { name, ok: code === 0, output };
}

function execute(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    let output = "";
    const collect = (chunk) => (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => resolve({ code: 1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output })); // null: ended by a signal
  });
}
