// The arithmetic of the benchmark: floor, ratio, medians, the order of the runs. No I/O.
import { chance } from "../chance.ts";
import type { RunName } from "./names.ts";

/** One run, by the tenant's own account. Times are of the wall: the compressed quota's window is short there, too. */
export interface BenchRun {
  readonly name: RunName;
  /** Those of this run; a process a user takes a small sample. */
  readonly users: number;
  readonly floorMs: number;
  /** From the first to the last Graph write that changed a user. */
  readonly wallMs: number;
  /** Null where there is no floor worth the name, or where not everybody was set: the quickest way is to do half of it. */
  readonly ratioToFloor: number | null;
  readonly usersSet: number;
  /** Believed to be set, and not. */
  readonly missedSilently: number;
  /** Known not to be set. */
  readonly failed: number;
  readonly requests: number;
  /** Write steps that the quota refused, of all write steps. */
  readonly throttledShare: number;
  readonly maxRssBytes: number;
}

export interface Quota {
  /** Per 150 s, and at once when nobody has written for as long. */
  readonly writes: number;
  /** Share that another program takes as it comes. */
  readonly otherApp: number;
  readonly compress: number;
}

const WINDOW_MS = 150_000;
/** Below it the floor is a few seconds, and a ratio to it says how long a start takes. */
const LEAST_OVER_QUOTA = 4 / 3;

/** The least wall time in which a tenant takes so many writes: what does not fit the full bucket comes at its rate. */
export function floorMs(users: number, { writes, otherApp, compress }: Quota): number {
  return ((Math.max(0, users - writes) / (writes * (1 - otherApp))) * WINDOW_MS) / compress;
}

export function ratioToFloor(run: Omit<BenchRun, "ratioToFloor">, quota: Quota): number | null {
  if (run.users < quota.writes * LEAST_OVER_QUOTA || run.usersSet < run.users) return null;
  return round(run.wallMs / run.floorMs, 3);
}

/** Figure by figure: the run in the middle by one figure is not the one in the middle by another. */
export function medianRun(runs: readonly BenchRun[]): BenchRun {
  const [first] = runs;
  if (first === undefined) throw new Error("there is no run to take the median of");
  const of = (figure: (run: BenchRun) => number): number => median(runs.map(figure));
  const ratios = runs.flatMap((run) => run.ratioToFloor ?? []);
  return {
    name: first.name,
    users: first.users,
    floorMs: first.floorMs,
    wallMs: of((run) => run.wallMs),
    ratioToFloor: ratios.length < runs.length ? null : median(ratios),
    usersSet: of((run) => run.usersSet),
    missedSilently: of((run) => run.missedSilently),
    failed: of((run) => run.failed),
    requests: of((run) => run.requests),
    throttledShare: of((run) => run.throttledShare),
    maxRssBytes: of((run) => run.maxRssBytes),
  };
}

/** The lower of two in the middle: a median is a figure that was measured. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}

/** What ran before must not always be the same. */
export function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  return items
    .map((item, index) => ({ item, at: chance(seed, `bench/order/${index}`) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

export function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
