// The runs as a Markdown table: what the terminal shows is what docs/BENCHMARK.md holds.
import type { BenchRun } from "./figures.ts";

const HEAD = [
  "run",
  "users",
  "wall s",
  "÷ floor",
  "really set",
  "failed",
  "missed silently",
  "requests",
  "429 %",
  "MiB",
];

export function tableOf(runs: readonly BenchRun[]): string {
  const rows = runs.map((run) => [
    `\`${run.name}\``,
    String(run.users),
    (run.wallMs / 1_000).toFixed(1),
    run.ratioToFloor === null ? "–" : run.ratioToFloor.toFixed(2),
    String(run.usersSet),
    String(run.failed),
    String(run.missedSilently),
    String(run.requests),
    (run.throttledShare * 100).toFixed(1),
    (run.maxRssBytes / 1_048_576).toFixed(0),
  ]);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(HEAD), line(rule), ...rows.map(line)].join("\n");
}
