// One project a kind of test: `npx vitest run --project unit`, or a path. package.json builds dist/ before `npm test`.
import { defineConfig } from "vitest/config";

// Groups run one after the other, so that real processes never compete with the rest for the cores of a small machine.
const quick = { groupOrder: 0 };
const withProcesses = { groupOrder: 1 };
const wholeSystem = { groupOrder: 2 };

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 20_000, sequence: quick } },
      { test: { name: "repository", include: ["test/repository/**/*.test.ts"], testTimeout: 30_000, sequence: quick } },
      {
        test: { name: "conformance", include: ["test/conformance/**/*.test.ts"], testTimeout: 30_000, sequence: quick },
      },
      { test: { name: "simulation", include: ["test/simulation/**/*.test.ts"], testTimeout: 60_000, sequence: quick } },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 30_000,
          fileParallelism: false,
          sequence: withProcesses,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: wholeSystem,
        },
      },
      { test: { name: "bench", include: [], benchmark: { include: ["test/bench/**/*.bench.ts"] } } },
    ],
    coverage: {
      provider: "v8",
      include: ["shared/**/*.ts", "functions/**/*.ts"], // else only files that a test loads are counted
      reporter: ["text-summary", "json-summary"],
    },
  },
});
