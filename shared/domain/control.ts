// The one row that every handler reads: who is stopped, which service wants rest, what each rollout promised.
import type { DriftLook } from "./drift.ts";
import type { Instant } from "./instant.ts";
import type { RolloutId, Step, UserId, WaveId } from "./names.ts";
import type { Policy } from "./policy.ts";

export const SERVICES = ["graph-write", "graph-read", "mail", "reports"] as const;
export type Service = (typeof SERVICES)[number];

/** What a step needs: it does not start while one of them rests. */
export const SERVICES_OF: Readonly<Record<Step, readonly Service[]>> = {
  enable: ["graph-write", "graph-read"],
  enforce: ["graph-write", "graph-read"],
  restore: ["graph-write", "graph-read"],
  notify: ["mail"],
};

export interface Stop {
  /** A wave, or `*`: the whole rollout. */
  readonly wave: WaveId;
  readonly because: string;
  /** A person's name, or `automation`, which never undoes a person's stop (invariant 7). */
  readonly by: string;
  readonly at: Instant;
  /** Holds a roll back as well: without it a person pauses first, and then rolls back what was done. */
  readonly restoreToo?: boolean | undefined;
}

export interface RolloutControl {
  readonly id: RolloutId;
  readonly policy: Policy;
  readonly timeZone: string;
  readonly helpContact: string;
  /** Never touched, from the spec; the app setting BREAK_GLASS_IDS is added to them. */
  readonly breakGlass: readonly UserId[];
  readonly stops: readonly Stop[];
  /** Absent before the first look, and in rows of older builds. */
  readonly drift?: DriftLook | undefined;
}

export interface Control {
  /** The storage format that is written; code reads the one before as well. */
  readonly level: number;
  /** Rest that a service asked for by a 429: no request of it starts before. */
  readonly notBefore: Readonly<Record<Service, Instant>>;
  /** The newest 429 seen by any handler; the planner lowers its rate by it. */
  readonly throttledAt: Instant;
  /** When the newest complete registration report was made; 0 = none yet. */
  readonly reportAt: Instant;
  readonly rollouts: readonly RolloutControl[];
}

export const LEVEL = 1;

export const NEW_CONTROL: Control = {
  level: LEVEL,
  notBefore: { "graph-write": 0, "graph-read": 0, mail: 0, reports: 0 },
  throttledAt: 0,
  reportAt: 0,
  rollouts: [],
};

export type Permission =
  | { readonly kind: "allowed"; readonly rollout: RolloutControl }
  | { readonly kind: "refused"; readonly because: string }
  | { readonly kind: "later"; readonly notBefore: Instant };

/** May a step of this wave start now (invariant 6)? */
export function allows(
  control: Control,
  ask: {
    readonly rollout: RolloutId;
    readonly wave: WaveId;
    readonly step: Step;
    readonly services: readonly Service[];
    readonly now: Instant;
  },
): Permission {
  const rollout = control.rollouts.find(({ id }) => id === ask.rollout);
  if (rollout === undefined) return { kind: "refused", because: `no rollout ${ask.rollout} is active` };
  const stop = stopOfStep(rollout, ask.wave, ask.step);
  if (stop !== null) return { kind: "refused", because: `paused by ${stop.by}: ${stop.because}` };
  const notBefore = restOf(control, ask.services);
  return notBefore > ask.now ? { kind: "later", notBefore } : { kind: "allowed", rollout };
}

/** Until when these services rest. */
export function restOf({ notBefore }: Control, services: readonly Service[]): Instant {
  return Math.max(...services.map((service) => notBefore[service]));
}

export function stopOf(rollout: RolloutControl, wave: WaveId): Stop | null {
  return rollout.stops.find((stop) => covers(stop, wave)) ?? null;
}

/** A roll back is a person's order, and mends what made somebody pause: only a stop that says so holds it. */
export function stopOfStep(rollout: RolloutControl, wave: WaveId, step: Step): Stop | null {
  return rollout.stops.find((stop) => covers(stop, wave) && (step !== "restore" || stop.restoreToo === true)) ?? null;
}

function covers(stop: Stop, wave: WaveId): boolean {
  return stop.wave === "*" || stop.wave === wave;
}

/** Rest only ever grows: two handlers that meet a 429 must not shorten one another's. */
export function withRest(
  control: Control,
  service: Service,
  rest: { readonly until: Instant; readonly now: Instant },
): Control {
  const until = Math.max(control.notBefore[service], rest.until);
  return {
    ...control,
    notBefore: { ...control.notBefore, [service]: until },
    throttledAt: Math.max(control.throttledAt, rest.now),
  };
}

export function withStop(control: Control, rollout: RolloutId, stop: Stop): Control {
  return mapRollout(control, rollout, (found) =>
    found.stops.some((known) => known.wave === stop.wave && known.by === stop.by && holdsAsMuch(known, stop))
      ? found
      : { ...found, stops: [...found.stops, stop] },
  );
}

function holdsAsMuch(known: Stop, stop: Stop): boolean {
  return known.restoreToo === true || stop.restoreToo !== true;
}

/** A person lifts every stop of that scope; automation only its own (invariant 7). */
export function withoutStop(
  control: Control,
  rollout: RolloutId,
  lift: { readonly wave: WaveId; readonly by: string },
): Control {
  return mapRollout(control, rollout, (found) => ({
    ...found,
    stops: found.stops.filter((stop) => stop.wave !== lift.wave || (lift.by === AUTOMATION && stop.by !== AUTOMATION)),
  }));
}

export const AUTOMATION = "automation";

export function withRollout(control: Control, rollout: RolloutControl): Control {
  return { ...control, rollouts: [...control.rollouts.filter(({ id }) => id !== rollout.id), rollout] };
}

function mapRollout(control: Control, id: RolloutId, change: (found: RolloutControl) => RolloutControl): Control {
  return { ...control, rollouts: control.rollouts.map((found) => (found.id === id ? change(found) : found)) };
}
