// The runs as SVG, two bar charts: what became of the users, and the wall time beside the floor. No library: bars are rectangles.
import type { BenchRun } from "./figures.ts";

const [WIDTH, ROW, LABEL, VALUE, TOP] = [760, 30, 150, 110, 56];
const COLOURS = { set: "#2e7d32", failed: "#b26a00", missed: "#b00020", time: "#3558a0" } as const;

interface Bar {
  readonly label: string;
  readonly parts: readonly { readonly value: number; readonly colour: string }[];
  readonly value: string;
}

/** File name → text. A sample of users has no bar beside whole tenants. */
export function chartsOf(runs: readonly BenchRun[]): ReadonlyMap<string, string> {
  const most = Math.max(0, ...runs.map(({ users }) => users));
  const whole = runs.filter(({ users }) => users === most);
  const [first] = whole;
  if (first === undefined) return new Map();
  const users = whole.map((run) => ({
    label: run.name,
    parts: [
      { value: run.usersSet, colour: COLOURS.set },
      { value: Math.min(run.failed, run.users - run.usersSet), colour: COLOURS.failed },
      { value: run.missedSilently, colour: COLOURS.missed },
    ],
    value: `${run.usersSet} set`,
  }));
  const times = whole.map((run) => ({
    label: run.name,
    parts: [{ value: run.wallMs, colour: COLOURS.time }],
    value: `${(run.wallMs / 1_000).toFixed(1)} s${run.usersSet < run.users ? ", not all" : ""}`,
  }));
  const legend = "green: set, ochre: known to have failed, red: missed silently";
  return new Map([
    ["bench-users.svg", chart(`What became of ${most} users (${legend})`, users, most, null)],
    [
      "bench-time.svg",
      chart("Seconds from the first to the last write; the line is the quota's floor", times, null, first.floorMs),
    ],
  ]);
}

function chart(title: string, bars: readonly Bar[], full: number | null, line: number | null): string {
  const room = WIDTH - LABEL - VALUE;
  const sums = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const scale = room / (full ?? Math.max(1, line ?? 0, ...sums));
  const height = TOP + bars.length * ROW + 16;
  const rows = bars.flatMap((bar, index) => rowOf(bar, TOP + index * ROW, scale));
  const at = (LABEL + (line ?? 0) * scale).toFixed(1);
  const mark = `<line x1="${at}" x2="${at}" y1="${TOP - 8}" y2="${height - 12}" stroke="#222" stroke-dasharray="4 3"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">`,
    `<style>text { font: 13px system-ui, sans-serif; fill: #222 } .title { font-weight: 600 }</style>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text class="title" x="12" y="26">${title}</text>`,
    ...rows,
    ...(line === null ? [] : [mark]),
    "</svg>\n",
  ].join("\n");
}

function rowOf({ label, parts, value }: Bar, top: number, scale: number): readonly string[] {
  const bars: string[] = [];
  let left = LABEL;
  for (const part of parts) {
    const width = part.value * scale;
    const box = `x="${left.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${ROW - 8}"`;
    if (width > 0) bars.push(`<rect ${box} fill="${part.colour}"/>`);
    left += width;
  }
  const base = top + 16;
  return [
    `<text x="12" y="${base}">${label}</text>`,
    ...bars,
    `<text x="${(left + 8).toFixed(1)}" y="${base}">${value}</text>`,
  ];
}
