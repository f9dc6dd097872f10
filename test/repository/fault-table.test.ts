// docs/EMBEDDED.md shows the vocabulary of faults as it is: `npx vitest run test/repository/fault-table.test.ts -u` writes it.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mixOf } from "../../apps/local/faults/parse-faults.ts";
import type { FaultName } from "../../apps/local/faults/vocabulary.ts";
import { describeFault, FAULT_NAMES } from "../../apps/local/faults/vocabulary.ts";
import { readText, repositoryFiles, root } from "./repository-files.ts";

const DOCUMENT = "docs/EMBEDDED.md";
const HEAD = "| fault | made by | rate | storm | chaos | what happens | attacks |";
const TABLE = /^\| fault \| made by .*\n\|[- |]+\|\n(?:\|.*\n)*/m;

describe("the faults on demand", () => {
  it(`are listed in ${DOCUMENT} with their rates, their mixes and the invariants they attack`, async () => {
    const rows = FAULT_NAMES.map((name) => {
      const { part, usualRate, what, attacks } = describeFault(name);
      const cells = [`\`${name}\``, part, usualRate, rateIn("storm", name), rateIn("chaos", name), what];
      return `| ${cells.join(" | ")} | ${attacks.join(", ")} |`;
    });
    const table = [HEAD, HEAD.replaceAll(/[^|]+/g, " --- "), ...rows, ""].join("\n");
    const text = readText(DOCUMENT);
    expect(text, "the document has no table of faults").toMatch(TABLE);
    await expect(text.replace(TABLE, table)).toMatchFileSnapshot(join(root, DOCUMENT));
  });

  it("attack only invariants that docs/SPEC.md has", () => {
    const known = new Set(
      [...readText("docs/SPEC.md").matchAll(/^### (\d+)\. /gm)].map(([, number]) => Number(number)),
    );
    const attacked = FAULT_NAMES.flatMap((name) => describeFault(name).attacks);
    expect(attacked.filter((number) => !known.has(number))).toEqual([]);
    expect(known.size).toBeGreaterThan(5);
  });

  it("are each made in a test, by name", () => {
    const tests = repositoryFiles(/^test\/(integration|unit|simulation|e2e)\/.*\.ts$/)
      .map(readText)
      .join("\n");
    expect(tests).toContain("it.each(BROKER_FAULTS)"); // one test takes all of the broker's
    const named = FAULT_NAMES.filter((name) => describeFault(name).part !== "broker");
    expect(named.filter((name) => !new RegExp(`["'\`]${name}\\b`).test(tests))).toEqual([]);
  });
});

function rateIn(mix: string, name: FaultName): string {
  const fault = mixOf(mix).find((one) => one.name === name);
  return fault === undefined ? "" : String(fault.rate);
}
