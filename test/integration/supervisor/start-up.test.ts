// How long a person waits after `npm start` of a built checkout: for the first line, and for the page.
import { afterEach, expect, it } from "vitest";
import { endAll, startRun } from "../../e2e/run-process.ts";

afterEach(endAll);

/** Two and five seconds on a machine that does nothing else; where tests run, others run as well. */
const FIRST_LINE_MS = 3 * 2_000;
const PAGE_MS = 3 * 5_000;

it("a start says its first line within 2 s and serves the page within 5 s", async () => {
  const began = performance.now();
  const run = startRun();

  await run.waitFor(/^starting: /, FIRST_LINE_MS);
  const line = await run.waitFor(/^page: /, PAGE_MS);

  const page = await fetch(line.replace("page: ", ""));
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<!doctype html>");
  expect(performance.now() - began).toBeLessThan(PAGE_MS);
  run.signal("SIGTERM");
  expect(await run.ended).toBe(130);
});
