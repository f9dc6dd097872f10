// The page in a real browser: it updates itself, says the same as the tables, reads nothing as markup, and passes axe at each width.
import { existsSync } from "node:fs";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import type { Run } from "./run-process.ts";
import { endAll, startRun } from "./run-process.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"].find((path) =>
  existsSync(path),
);
if (CHROMIUM === undefined) process.stderr.write("no Chromium is installed: the page's tests are skipped\n");
const violations = z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) }));

describe.skipIf(CHROMIUM === undefined)("the page", () => {
  let browser: Browser;
  let run: Run;
  let url = "";

  beforeAll(async () => {
    run = startRun("--users", "12", "--seed", "4", "--json");
    // As root, as in a container, Chromium's own sandbox does not start.
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    browser = await chromium.launch({
      executablePath: CHROMIUM ?? "",
      args: [...args, "--disable-background-networking"],
    });
    url = /page: (\S+)/.exec(await run.waitFor(/^page: /))?.[1] ?? "";
  });
  afterAll(async () => {
    await browser.close();
    await endAll();
  });

  async function openPage(url: string, look: { width: number; colorScheme: "light" | "dark" }): Promise<Page> {
    const { width, colorScheme } = look;
    // axe is put into the page by the test, which the page's own policy forbids to everybody else.
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(url);
    await page.getByRole("heading", { name: "everybody" }).waitFor();
    return page;
  }

  it("shows the funnel by wave while it moves, and the end that the summary tells", async () => {
    await run.waitFor(/^wave everybody/);
    // A page of a browser with its policy in force: whatever breaks it is an error here.
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("console", (message) => errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(url);
    await page.getByRole("heading", { name: "pilot" }).waitFor();
    const first = await page.locator("#status").textContent();

    await run.waitFor(/^done; the page goes on/, 90_000);
    const done = page.locator(".state.done");
    await done.nth(2).waitFor();

    expect(await page.locator("#status").textContent()).not.toBe(first);
    const { outcome, users } = z
      .object({ users: z.number(), outcome: z.object({ enforced: z.number() }) })
      .parse(JSON.parse(run.stdout()));
    expect(await page.locator(".total").textContent()).toContain(
      `${String(outcome.enforced)} of ${String(users)} users`,
    );
    expect(errors).toEqual([]);
    for (const look of [
      { width: 1200, colorScheme: "light" },
      { width: 360, colorScheme: "dark" },
    ] as const) {
      const shown = await openPage(url, look);
      await shown.evaluate(axe.source);
      const found = violations.parse(await shown.evaluate("axe.run().then(({ violations }) => violations)"));
      expect(found).toEqual([]);
      const overflow = await shown.evaluate("document.documentElement.scrollWidth - window.innerWidth");
      expect(overflow, "nothing to scroll sideways").toBeLessThanOrEqual(0);
    }
  });

  it("shows nothing without its key, and is gone after Ctrl-C", async () => {
    const page = new URL(url);
    page.searchParams.set("code", "wrong");

    const answers = await Promise.all([
      fetch(page),
      fetch(new URL("progress?code=wrong", page)),
      fetch(new URL("health", page)),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([401, 401, 200]);
    run.signal("SIGINT");
    expect(await run.ended).toBe(130);
  });
});
