// The timers of the app: when each is due, one run at a time, missed ticks are one run. Kept here and not in the hosts, so
// that no timer dies with a host and "no timer is past due" is exact. Pure but for what it is told.
import { UserFault } from "../../../shared/domain/fault.ts";
import { parseSchedule } from "../host/ncrontab.ts";
import type { Schedule } from "../host/ncrontab.ts";
import type { DeclaredTimer, TimerStatus } from "../protocol.ts";
import type { SavedTimer } from "./clock-store.ts";

interface Timer {
  readonly name: string;
  readonly text: string;
  readonly schedule: Schedule;
  last: number | null;
  lastUpdated: number | null;
  next: number | null;
  isRunning: boolean;
  /** The tick that was missed while the app was down, or whose run died with its host. */
  isMissed: boolean;
}

export interface DueTimer {
  readonly name: string;
  readonly due: number;
  readonly isPastDue: boolean;
  readonly status: TimerStatus;
}

/** A tick this late is past due: Azure compares with the stored next run, give or take the start-up. */
const PAST_DUE_MS = 1_000;

export class TimerTable {
  readonly #timers: readonly Timer[];

  constructor(declared: readonly DeclaredTimer[], saved: Readonly<Record<string, SavedTimer>>, now: number) {
    this.#timers = declared.map((timer) => startTimer(timer, saved[timer.name], now));
  }

  get isAnyRunning(): boolean {
    return this.#timers.some(({ isRunning }) => isRunning);
  }

  /** Due now and not running: a timer never overlaps itself. */
  due(now: number): DueTimer[] {
    return this.#timers.flatMap(({ name, next, isRunning, isMissed, last, lastUpdated }) =>
      next === null || next > now || isRunning
        ? []
        : [{ name, due: next, isPastDue: isMissed || now - next >= PAST_DUE_MS, status: { last, next, lastUpdated } }],
    );
  }

  isAnyDue(now: number): boolean {
    return this.due(now).length > 0;
  }

  begin(name: string, now: number): void {
    const timer = this.#find(name);
    timer.isRunning = true;
    timer.isMissed = false;
    timer.last = now;
    timer.next = timer.schedule.next(now); // the next tick counts from the start of the run
  }

  end(name: string, now: number): void {
    const timer = this.#find(name);
    timer.isRunning = false;
    timer.lastUpdated = now;
  }

  /** Its host died in the middle: nobody knows what was done, so it runs once more. */
  lose(name: string, due: number): void {
    const timer = this.#find(name);
    timer.isRunning = false;
    timer.isMissed = true;
    timer.next = due;
  }

  /** The next tick of each timer but `except`; null when there is none. */
  nextOfOthers(except: string): number | null {
    const all = this.#timers.flatMap(({ name, next }) => (name === except || next === null ? [] : [next]));
    return all.length === 0 ? null : Math.min(...all);
  }

  nextOf(name: string): number | null {
    return this.#timers.find((timer) => timer.name === name)?.next ?? null;
  }

  /** The first tick of a timer at or after an instant. */
  tickFrom(name: string, instant: number): number | null {
    return this.#timers.find((timer) => timer.name === name)?.schedule.next(Math.ceil(instant) - 1) ?? null;
  }

  /** Skips ticks before `tick`, which somebody has shown to have nothing to do. */
  skipTo(name: string, tick: number): void {
    const timer = this.#timers.find((one) => one.name === name);
    if (timer?.next != null && timer.next < tick) timer.next = tick;
  }

  toSaved(): Record<string, SavedTimer> {
    return Object.fromEntries(
      // A run that has not ended is saved as due: it runs once more after a crash, and once only.
      this.#timers.map(({ name, text, last, next, isRunning }) => [
        name,
        { schedule: text, last, next: isRunning ? last : next },
      ]),
    );
  }

  #find(name: string): Timer {
    const timer = this.#timers.find((one) => one.name === name);
    if (timer === undefined) throw new Error(`there is no timer "${name}"`);
    return timer;
  }
}

function startTimer(
  { name, schedule: text, runOnStartup }: DeclaredTimer,
  saved: SavedTimer | undefined,
  now: number,
): Timer {
  const schedule = parseSchedule(text);
  if ("fault" in schedule) {
    throw new UserFault([{ what: `schedule "${text}": ${schedule.fault}.`, fix: "Mend it.", at: { where: name } }]);
  }
  const last = saved?.last ?? null;
  // A changed schedule is not past due: its stored tick belongs to the old one.
  const tick = saved?.schedule === text ? saved.next : null;
  const isMissed = tick !== null && tick <= now;
  const next = runOnStartup ? now : (tick ?? schedule.next(now));
  return { name, text, schedule, last, lastUpdated: last, next, isRunning: false, isMissed };
}
