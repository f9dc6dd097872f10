// Makes the README's picture: `npm run picture`. The sample rollout is run, and its page photographed in the middle of it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const root = dirname(import.meta.dirname);
const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"].find(existsSync);
if (executablePath === undefined) {
  process.stderr.write("picture: no Chromium is installed\n");
  process.exit(2);
}

// Slow enough that the third wave's days are met.
const run = spawn(process.execPath, ["dist/local/main.js", "--speed", "40000"], {
  cwd: root,
  stdio: ["ignore", "ignore", "pipe"],
});
let url = "";
for await (const line of createInterface({ input: run.stderr })) {
  process.stderr.write(`${line}\n`);
  url = /^page: (\S+)/.exec(line)?.[1] ?? url;
  if (/^2026-03-(2[3-9])/.test(line)) break;
}
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking"] });
const page = await browser.newPage({ viewport: { width: 900, height: 640 } });
await page.goto(url);
await page.locator(".wave").nth(2).waitFor();
await page.screenshot({ path: join(root, "docs/dashboard.png"), fullPage: true });
await browser.close();
run.kill("SIGINT");
