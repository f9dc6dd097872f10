// What the pipeline has to reach, as sentences about those goals that a run missed.
import type { BenchRun } from "./figures.ts";

export interface Conditions {
  readonly hasFaults: boolean;
  readonly hasOtherApp: boolean;
}

const MOST_RATIO = 1.05;
const MOST_RATIO_WITH_FAULTS = 1.15;
const MOST_THROTTLED = 0.01;
const MOST_THROTTLED_BESIDE_ANOTHER = 0.02;

/** @param runs each run by itself: a median would hide the one that lost a user */
export function missedGoals(runs: readonly BenchRun[], conditions: Conditions): readonly string[] {
  return runs.filter(({ name }) => name === "pipeline").flatMap((run) => missedBy(run, conditions));
}

function missedBy(run: BenchRun, { hasFaults, hasOtherApp }: Conditions): readonly string[] {
  const missed: string[] = [];
  const hold = (isHeld: boolean, what: string): void => {
    if (!isHeld) missed.push(`pipeline: ${what}`);
  };
  hold(run.missedSilently === 0, `${run.missedSilently} users were missed silently, and none may be`);
  hold(run.failed === 0, `${run.failed} users failed, and none may`);
  const mostThrottled = hasOtherApp ? MOST_THROTTLED_BESIDE_ANOTHER : MOST_THROTTLED;
  const share = `${percent(run.throttledShare)} of the write steps were throttled`;
  hold(run.throttledShare < mostThrottled, `${share}, and less than ${percent(mostThrottled)} may be`);
  // Beside another program the rate is found by meeting the limit: what is promised there is that nobody is missed.
  const most = hasFaults ? MOST_RATIO_WITH_FAULTS : MOST_RATIO;
  const { ratioToFloor } = run;
  if (ratioToFloor !== null && !hasOtherApp)
    hold(ratioToFloor <= most, `${ratioToFloor} times the floor, and at most ${most} is the goal`);
  return missed;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
