// What every run is given, and how a run's figures are put together from the tenant's account and the runner's belief.
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import type { TenantFault } from "../tenant/faults.ts";
import { generateUsers } from "../tenant/generate.ts";
import type { Knobs } from "../tenant/options.ts";
import type { BenchRun, Quota } from "./figures.ts";
import { floorMs, ratioToFloor, round } from "./figures.ts";
import type { RunName } from "./names.ts";
import type { Witnessed, WriteStats } from "./tenant-witness.ts";

export interface BenchAsk {
  readonly users: number;
  readonly seed: number;
  readonly quota: Quota;
  readonly faults: readonly TenantFault[];
  readonly instances: number;
  /** Where the built programs are. */
  readonly programsDir: string;
  readonly say: (line: string) => void;
}

/** Real calls take some 60 ms: this is a tenth of it, and is not compressed any further. */
export const LATENCY_MS = 6;
/** Monday morning; the same for every run. */
export const FIRST_INSTANT = "2026-03-02T09:00:00Z";

/** Enabling costs one write of each: nobody has registered, nobody is disabled, nobody was enabled before. */
export function peopleOf({ users, seed }: Pick<BenchAsk, "users" | "seed">): readonly TenantUser[] {
  return generateUsers({ count: users, seed }).map((user, index) => ({
    ...user,
    mail: user.mail ?? `person${String(index)}@contoso.example`,
    userType: "Member",
    accountEnabled: true,
    registration: { kind: "never" },
    mfaState: "disabled",
  }));
}

export function knobsOf({ writes, otherApp }: Quota): Partial<Knobs> {
  return { writesPer150s: writes, writesDrain: otherApp };
}

export interface Outcome {
  readonly users: readonly string[];
  readonly witnessed: Witnessed;
  /** Ids of whom the runner itself does not hold to be set. */
  readonly notBelieved: ReadonlySet<string>;
  readonly from: WriteStats;
  readonly to: WriteStats;
  readonly maxRssBytes: number;
}

export function runOf(name: RunName, outcome: Outcome, quota: Quota): BenchRun {
  const { users, witnessed, notBelieved, from, to, maxRssBytes } = outcome;
  const unset = users.filter((id) => !witnessed.set.has(id));
  const steps = to.meteredWrites - from.meteredWrites;
  const run = {
    name,
    users: users.length,
    floorMs: Math.round(floorMs(users.length, quota)),
    wallMs: Math.round(witnessed.spanMs / quota.compress),
    usersSet: witnessed.set.size,
    missedSilently: unset.filter((id) => !notBelieved.has(id)).length,
    failed: notBelieved.size,
    requests: to.requests - from.requests,
    throttledShare: steps === 0 ? 0 : round((to.throttledWrites - from.throttledWrites) / steps, 4),
    maxRssBytes,
  };
  return { ...run, ratioToFloor: ratioToFloor(run, quota) };
}
