// Conditions that hold a wave. Each answers with a reason and with the instant at which another look makes sense.
import type { Instant } from "./instant.ts";
import { DAY_MS, FAR_FUTURE, HOUR_MS } from "./instant.ts";
import type { RolloutControl } from "./control.ts";
import { stopOf } from "./control.ts";
import type { Rollout, Wave } from "./rollout.ts";

export const GATES = ["start", "pause", "break-glass", "soak"] as const;
export type GateName = (typeof GATES)[number];

export interface GateResult {
  readonly gate: GateName;
  readonly result: "open" | "closed" | "inconclusive";
  readonly because: string;
  readonly nextLook: Instant;
}

export const BREAK_GLASS_LEAST = 2;
export const BREAK_GLASS_LOOK_MS = DAY_MS;
/** After a bad look the next comes sooner. */
export const BREAK_GLASS_RETRY_MS = HOUR_MS;

export interface GateLook {
  readonly rollout: Rollout;
  readonly control: RolloutControl;
  readonly waves: readonly Wave[];
  readonly now: Instant;
}

/** All gates of a planned wave; it opens when each says `open`. */
export function evaluateGates(wave: Wave, look: GateLook): readonly GateResult[] {
  return [startGate(wave, look.now), pauseGate(wave, look), breakGlassGate(look), soakGate(wave, look)];
}

function startGate(wave: Wave, now: Instant): GateResult {
  return wave.startAt <= now
    ? { gate: "start", result: "open", because: "its start has come", nextLook: FAR_FUTURE }
    : { gate: "start", result: "closed", because: "its start has not come", nextLook: wave.startAt };
}

function pauseGate(wave: Wave, { control, now }: GateLook): GateResult {
  const stop = stopOf(control, wave.id);
  if (stop === null) return { gate: "pause", result: "open", because: "nobody paused it", nextLook: FAR_FUTURE };
  return { gate: "pause", result: "closed", because: `paused by ${stop.by}: ${stop.because}`, nextLook: now + HOUR_MS };
}

/** A result counts for a day; a bad one is looked at again each hour. Never looked: nothing runs (invariant 2). */
export function breakGlassGate({ rollout, now }: Pick<GateLook, "rollout" | "now">): GateResult {
  const { at, valid, because } = rollout.breakGlassCheck;
  const fresh = at > 0 && now - at < BREAK_GLASS_LOOK_MS;
  if (valid && fresh) return { gate: "break-glass", result: "open", because, nextLook: at + BREAK_GLASS_LOOK_MS };
  if (!fresh)
    return { gate: "break-glass", result: "inconclusive", because: "the last look is over a day old", nextLook: now };
  return { gate: "break-glass", result: "closed", because, nextLook: at + BREAK_GLASS_RETRY_MS };
}

export function needsBreakGlassLook(rollout: Rollout, now: Instant): boolean {
  const { at, valid } = rollout.breakGlassCheck;
  return now - at >= (valid ? BREAK_GLASS_LOOK_MS : BREAK_GLASS_RETRY_MS);
}

function soakGate(wave: Wave, { waves, rollout, now }: GateLook): GateResult {
  const former = waves.find(({ index }) => index === wave.index - 1);
  if (former === undefined)
    return { gate: "soak", result: "open", because: "it is the first wave", nextLook: FAR_FUTURE };
  if (former.launchedAt === 0) {
    const because = `wave ${former.id} is still being enabled and told`;
    return { gate: "soak", result: "closed", because, nextLook: FAR_FUTURE };
  }
  const ends = former.launchedAt + rollout.soakMs;
  return ends <= now
    ? { gate: "soak", result: "open", because: `the soak of wave ${former.id} is over`, nextLook: FAR_FUTURE }
    : { gate: "soak", result: "closed", because: `the soak of wave ${former.id} is not over`, nextLook: ends };
}
