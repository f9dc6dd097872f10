// The only releaser of work: gates open? what is due? how much may go? The ledger is committed before anything is sent; losing its
// ETag means sending nothing.
import { stopOf, stopOfStep } from "../domain/control.ts";
import type { Control, RolloutControl } from "../domain/control.ts";
import { breakGlassGate } from "../domain/gate.ts";
import type { Instant } from "../domain/instant.ts";
import { FAR_FUTURE, MINUTE_MS } from "../domain/instant.ts";
import type { Budget, Ledger } from "../domain/ledger.ts";
import { adaptRate, newLedger, withSenders } from "../domain/ledger.ts";
import type { SenderId } from "../domain/names.ts";
import { releaseId } from "../domain/nudge.ts";
import type { HeaderAt, Release } from "../domain/release.ts";
import { chooseReleases, onlyRestore, settleEntries, wakeFor } from "../domain/release.ts";
import { nextSample } from "../domain/sample.ts";
import { Conflict, Unavailable } from "../ports/errors.ts";
import type { StepQueue } from "../ports/step-queue.ts";
import type { ControlStore } from "../ports/control-store.ts";
import type { OpenWavesDeps } from "./open-waves.ts";
import { openWaves } from "./open-waves.ts";
import { verifySamples } from "./verify-samples.ts";

export interface PlanDeps extends OpenWavesDeps {
  readonly tenant: string;
  readonly control: ControlStore;
  readonly queue: StepQueue;
  readonly budget: Budget;
  /** From the app setting, in place of what the rollouts say; empty: theirs. */
  readonly noticeSenders: readonly SenderId[];
}

export interface PlanResult {
  readonly result: "planned" | "lost-ledger" | "unavailable";
  readonly released: number;
  readonly wakeAt: Instant;
}

export async function planWaves(deps: PlanDeps): Promise<PlanResult> {
  try {
    return await plan(deps);
  } catch (error) {
    if (error instanceof Conflict) return { result: "lost-ledger", released: 0, wakeAt: 0 };
    if (!(error instanceof Unavailable)) throw error;
    deps.log.warn("planning put off: a service is down", { service: error.service });
    return { result: "unavailable", released: 0, wakeAt: 0 };
  }
}

interface Surveyed {
  readonly headers: readonly HeaderAt[];
  /** Of those, what nobody stopped: of a paused wave the roll back only. */
  readonly free: readonly HeaderAt[];
  readonly senders: readonly SenderId[];
  readonly wakeAt: Instant;
}

async function plan(deps: PlanDeps): Promise<PlanResult> {
  const now = deps.clock.now();
  const [{ value: control }, stored] = await Promise.all([deps.control.readControl(), deps.control.readLedger()]);
  const surveyed = await survey(deps, control, now);
  const before = stored?.value ?? newLedger(deps.budget, now);
  const senders = deps.noticeSenders.length > 0 ? deps.noticeSenders : surveyed.senders;
  const ready = adaptRate(withSenders(before, senders, deps.budget, now), control, {
    budget: deps.budget,
    now,
  });
  const settled = settleEntries(ready, surveyed.headers, { control, now });
  const { free } = surveyed;
  const verifiedTo = await verify(deps, surveyed.headers, control, before.verifiedTo ?? 0);
  const { ledger, releases } = chooseReleases(settled, free, { control, now });
  const look = Math.max(now + MINUTE_MS, nextSample(surveyed.headers, verifiedTo));
  const wakeAt = Math.min(surveyed.wakeAt, wakeFor(ledger, free, { control, now }), look);
  const next = verifiedTo === 0 ? { ...ledger, wakeAt } : { ...ledger, wakeAt, verifiedTo };
  if (stored === null || isNews(before, next)) await deps.control.saveLedger(next, stored?.etag ?? null);
  await send(deps, releases);
  return { result: "planned", released: releases.length, wakeAt };
}

/** Reads every rollout that is active, opens what may open, and lists the headers of all its waves that have begun. */
async function survey(deps: PlanDeps, control: Control, now: Instant): Promise<Surveyed> {
  const headers: HeaderAt[] = [];
  const free: HeaderAt[] = [];
  const senders: SenderId[] = [];
  let wakeAt = FAR_FUTURE;
  for (const rolloutControl of control.rollouts) {
    const opened = await openWaves(deps, rolloutControl, now);
    if (opened === null) continue;
    headers.push(...opened.headers);
    senders.push(...opened.rollout.senders.filter((sender) => !senders.includes(sender)));
    wakeAt = Math.min(wakeAt, opened.wakeAt);
    const safe = breakGlassGate({ rollout: opened.rollout, now }).result === "open";
    if (safe) free.push(...opened.headers.flatMap((at) => whatIsFree(rolloutControl, at)));
  }
  return { headers, free, senders, wakeAt };
}

/** Who is asked to rest is not asked for samples either. */
async function verify(
  deps: PlanDeps,
  headers: readonly HeaderAt[],
  control: Control,
  verifiedTo: Instant,
): Promise<Instant> {
  const rests = control.notBefore["graph-read"] > deps.clock.now();
  return rests ? verifiedTo : verifySamples(deps, headers, verifiedTo);
}

function whatIsFree(control: RolloutControl, at: HeaderAt): readonly HeaderAt[] {
  if (stopOf(control, at.wave) === null) return [at];
  return stopOfStep(control, at.wave, "restore") === null ? [onlyRestore(at)] : [];
}

/**
 * A tick that changed nothing writes nothing. A `wakeAt` that has passed is renewed. A 429 that was answered is kept although the rate
 * could not fall any lower: forgotten, it would be answered at each tick, and the rate would never climb.
 */
function isNews(before: Ledger, after: Ledger): boolean {
  return (
    before.wakeAt !== after.wakeAt ||
    before.verifiedTo !== after.verifiedTo ||
    before.releases !== after.releases ||
    before.entries.length !== after.entries.length ||
    before.graph.ratePerSecond !== after.graph.ratePerSecond ||
    before.loweredAt !== after.loweredAt ||
    before.senders.length !== after.senders.length
  );
}

async function send(deps: PlanDeps, releases: readonly Release[]): Promise<void> {
  if (releases.length === 0) return;
  await deps.queue.send(
    releases.map(({ rollout, wave, batch, step, grant, at, release }) => {
      const nudge = { tenant: deps.tenant, rollout, wave, batch, step, grant };
      return { id: releaseId(nudge, release), nudge, at: Math.ceil(at) };
    }),
  );
}
