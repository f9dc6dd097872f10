// The answer of `transition`, and the moves that its parts share.
import type { Base, Enrollment, State, Wrapper } from "./enrollment.ts";
import { isWrapper, restoringSince } from "./enrollment.ts";
import { closeClaim } from "./claim.ts";
import type { EventKind } from "./event.ts";
import type { FailureReason } from "./failure.ts";
import type { Instant } from "./instant.ts";

export type Outcome =
  | { readonly kind: "moved"; readonly next: Enrollment }
  | { readonly kind: "ignored" | "rejected"; readonly because: string };

export const moved = (next: Enrollment): Outcome => ({ kind: "moved", next });
export const ignored = (because: string): Outcome => ({ kind: "ignored", because });
export const rejected = (because: string): Outcome => ({ kind: "rejected", because });

export function refuse(from: Enrollment, kind: EventKind): Outcome {
  return rejected(`${kind} is no event of ${from.state.phase}`);
}

/** Fresh tries: the step that follows starts with attempt 1 and at once. */
export const FRESH = { attempt: 1, notBefore: 0 } as const;

/** A result applies to the phase itself, or *inside* a wrapper: the tenant has changed, whatever we think of the user now. */
export function inside(
  from: Enrollment,
  apply: (base: Base) => Base | string,
  also: Partial<Enrollment> = {},
): Outcome {
  const base = baseOf(from.state);
  if (base === null) return ignored("already restored");
  const next = apply(base);
  if (typeof next === "string") return ignored(next);
  return moved({ ...from, ...also, state: isWrapper(from.state) ? rewrap(from.state, next) : next });
}

export function rewrap(wrapper: Wrapper, was: Base): State {
  return { ...wrapper, was };
}

/** The phase itself, or the one that its wrapper holds; a restored user has none. */
export function baseOf(state: State): Base | null {
  if (state.phase === "restored") return null;
  return isWrapper(state) ? state.was : state;
}

export function fail(
  from: Enrollment,
  was: Base,
  end: { readonly reason: FailureReason; readonly at: Instant },
): Outcome {
  const { reason, at } = end;
  const next: State = { phase: "failed", was, reason, at, ...restoreLeftBy(from.state) };
  return moved({ ...from, state: next, ...closeClaim(from, at), ...FRESH });
}

/** What a wrapper must remember of the state that it replaces: a restore under way is not lost by it. */
export function restoreLeftBy(state: State): { readonly restoringSince?: Instant } {
  const since = restoringSince(state);
  return since === undefined ? {} : { restoringSince: since };
}

export function enforcedFrom(was: Base, at: Instant, how: "written" | "observed" | "found"): Base {
  if (was.phase === "enforced") return { ...was, how };
  const told =
    was.phase === "notified"
      ? ({ kind: "told", toldAt: was.toldAt, enforceAfter: was.enforceAfter } as const)
      : ({ kind: "not-told" } as const);
  return { phase: "enforced", enforcedAt: at, how, told };
}

/** Reason of an exclusion that the tenant made: the account is not there any more. */
export const USER_GONE = "user-gone";

export function excludeAsGone(from: Enrollment, at: Instant): Outcome {
  const { state } = from;
  if (state.phase === "enforced" || state.phase === "restored") return ignored(`left after being ${state.phase}`);
  if (state.phase === "excluded") return ignored("already excluded");
  const was = isWrapper(state) ? state.was : state;
  const next: State = { phase: "excluded", was, reason: USER_GONE, at, ...restoreLeftBy(state) };
  return moved({ ...from, state: next, ...closeClaim(from, at), ...FRESH });
}
