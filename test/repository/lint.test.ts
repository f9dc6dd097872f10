// The rules that keep time and chance out of the core, tried on code that breaks them: a rule that matches nothing protects nothing.
import { ESLint, Linter } from "eslint";
import { describe, expect, it } from "vitest";
import { root } from "./repository-files.ts";

const FORBIDDEN_IN_CORE = [
  "Date.now()",
  "new Date()",
  "Date()",
  "Math.random()",
  "setTimeout(f, 1)",
  "setInterval(f, 1)",
  "setImmediate(f)",
  "process.env",
  "fetch(url)",
  "performance.now()",
  "crypto.randomUUID()",
  "Promise.race([a, b])",
  "a.localeCompare(b)",
];

describe("clock 17: nothing in the core reads the wall clock, and nothing replaces Date", () => {
  for (const folder of ["domain", "pipeline", "codec", "ports", "calendar", "notices"]) {
    it(`shared/${folder} may use neither time nor chance`, async () => {
      const faults = await faultsIn(`shared/${folder}/any.ts`);
      expect(FORBIDDEN_IN_CORE.filter((code) => faults(code) === 0)).toEqual([]);
      expect(faults("new Date(instant).toISOString()"), "an instant that was passed in").toBe(0);
    });
  }

  it.each(["shared/azure/any.ts", "apps/local/any.ts", "test/unit/any.ts", "functions/any.ts"])(
    "%s may not replace Date",
    async (file) => {
      const faults = await faultsIn(file);
      expect(faults("globalThis.Date = Fake")).toBeGreaterThan(0);
      expect(faults("vi.useFakeTimers()")).toBeGreaterThan(0);
    },
  );

  it("the wall clock's own adapter may read it", async () => {
    expect((await faultsIn("shared/azure/any.ts"))("Date.now()")).toBe(0);
  });
});

/** Only the rules of this kind: they need no types, so that a line of code is enough to try them on. */
async function faultsIn(file: string): Promise<(code: string) => number> {
  const config = (await new ESLint({ cwd: root }).calculateConfigForFile(file)) as { rules: Linter.RulesRecord };
  const rules = Object.fromEntries(Object.entries(config.rules).filter(([name]) => name.startsWith("no-restricted-")));
  return (code) => new Linter().verify(code, [{ rules }]).length;
}
