// When a kill comes: spread over the part of a run that has work, every other one by the messages received, so that it meets a
// handler, the rest by the planner's looks, so that it meets the planner between its ledger and its sending. Never by the wall
// clock: a start holds virtual time, and all kills would hit one virtual hour.
import { chance } from "../chance.ts";

export interface Moment {
  readonly by: "messages" | "looks";
  /** Comes when so many have been counted. */
  readonly at: number;
}

/** Past the start of what has become due, and often before its end. */
const DELAY_MS_MAX = 30;
/** The last part of a run waits for the last few users: kills belong where there is work. */
const KILLED_PART = 0.8;

export function momentsOf(
  { kills, seed }: { readonly kills: number; readonly seed: number },
  calm: { readonly looks: number; readonly received: number },
): readonly Moment[] {
  return Array.from({ length: kills }, (_, kill) => {
    const part = ((kill + chance(seed, `kill/${kill}`)) / kills) * KILLED_PART;
    return kill % 2 === 0 ? { by: "messages", at: part * calm.received } : { by: "looks", at: part * calm.looks };
  });
}

export function killDelayMs(seed: number, kill: number): number {
  return chance(seed, `delay/${kill}`) * DELAY_MS_MAX;
}
