// What a simulated tenant is started with. The knobs have defaults that a first rollout meets in a real tenant.
import type { Instant } from "../../../shared/domain/instant.ts";
import { HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import type { Clock } from "../../../shared/ports/clock.ts";
import type { TenantFault } from "./faults.ts";

/** A managed identity of the tenant. `Application Mail.Send` is Exchange's own grant: it allows the senders and is in no token. */
export interface Identity {
  readonly clientId: string;
  readonly roles: readonly string[];
}

/** A mailbox that notices are sent from. It is no member of the directory's user list, as a shared mailbox in practice. */
export interface Sender {
  readonly id: string;
  readonly mail: string;
}

/** The sample spec's emergency accounts: always there, enabled, cloud-only, Global Administrator. */
export interface BreakGlassAccount {
  readonly id: string;
  readonly userPrincipalName: string;
}

export interface TenantOptions {
  /** Virtual time: quotas, people, reports and page tokens follow it. Latency and token expiry do not. */
  readonly clock: Clock;
  /** Holds the append log; `null` keeps everything in memory only. */
  readonly dataDir: string | null;
  /** 0 picks a free one. */
  readonly port: number;
  readonly users: readonly TenantUser[];
  readonly seed: number;
  readonly faults: readonly TenantFault[];
  readonly quota: "documented" | "off";
  readonly latencyMs: { readonly median: number; readonly sigma: number } | 0;
  readonly tenantId: string;
  readonly identityHeader: string;
  readonly identities: readonly Identity[];
  readonly senders: readonly Sender[];
  readonly breakGlass: readonly BreakGlassAccount[];
  /** Opens `/simulator/…`; no Graph token does. */
  readonly adminToken: string;
  readonly knobs?: Partial<Knobs>;
  /** For tests: a disk that is slow, or has no room. */
  readonly disk?: { readonly sync: (fd: number) => Promise<void> };
}

export interface Knobs {
  /** From a registration while `enabled` until the tenant shows `enforced`. */
  readonly autoEnforceMs: number;
  /** How long a read may still show the state before the last write. */
  readonly readBackLagMs: number;
  /** Share of re-enabled, registered users who stay `enabled` until somebody sets `enforced`. */
  readonly staysEnabledShare: number;
  /** The report is computed once in this span. */
  readonly reportEveryMs: number;
  /** A new account is in the report only after this span. */
  readonly reportNewUserLagMs: number;
  /** Share of disabled accounts that the report leaves out. */
  readonly reportOmitsDisabledShare: number;
  /** Unpublished limit of `…/authentication/**`; `null`: none beyond the write quota. */
  readonly authMethodsPer150s: number | null;
  /** The documented write quota of an app in a tenant. */
  readonly writesPer150s: number;
  /** Share of that quota's refill that another program takes all the time, 0 to 1. */
  readonly writesDrain: number;
  /** Share of the tenant-wide write quota that other apps use up, 0 to 1. */
  readonly otherAppsLoad: number;
  /** Entra ID P1, or not: without it reports, sign-ins and `signInActivity` answer 403. */
  readonly licence: "premium" | "free";
  /** How far the index of advanced queries is behind. */
  readonly indexLagMs: number;
  /** From a change of a group's members until reads show it. */
  readonly memberLagMs: number;
  /** Any `$deltatoken` is answered 410, as after a move of the tenant. */
  readonly deltaGone: boolean;
  /** Share of a delta's changes that come twice. */
  readonly deltaRepeats: number;
  /** The methods policy allows Temporary Access Passes. */
  readonly tapEnabled: boolean;
  readonly tokenLifetimeS: number;
  /** Virtual life of a page token. */
  readonly pageTokenMs: number;
  /** Most rows a page, whatever `$top` asks for. */
  readonly pageMax: number;
}

export const DEFAULT_KNOBS: Knobs = {
  autoEnforceMs: 2 * MINUTE_MS,
  readBackLagMs: 0,
  staysEnabledShare: 0.2,
  reportEveryMs: 4 * HOUR_MS,
  reportNewUserLagMs: 4 * HOUR_MS,
  reportOmitsDisabledShare: 0.7,
  authMethodsPer150s: null,
  writesPer150s: 3_000,
  writesDrain: 0,
  otherAppsLoad: 0,
  licence: "premium",
  indexLagMs: 2 * MINUTE_MS,
  memberLagMs: MINUTE_MS / 2,
  deltaGone: false,
  deltaRepeats: 0.1,
  tapEnabled: true,
  // Managed identities get tokens of a day (Microsoft Learn: managed identities, token caching).
  tokenLifetimeS: 24 * 60 * 60,
  pageTokenMs: HOUR_MS,
  pageMax: 999,
};

/** Microsoft ends its SMS and voice methods then (Microsoft Learn: retirement of SMS and voice). */
export const PHONE_ENDS_AT: Instant = Date.UTC(2027, 1, 1);

export const GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10";

/** Those of samples/rollout.yaml: every simulated tenant holds them, so that the sample runs on any tenant file. */
export const SAMPLE_BREAK_GLASS: readonly BreakGlassAccount[] = [
  { id: "0b7e1a52-6c1f-4d0e-9a34-5f2d8c610001", userPrincipalName: "break-glass-1@contoso.example" },
  { id: "0b7e1a52-6c1f-4d0e-9a34-5f2d8c610002", userPrincipalName: "break-glass-2@contoso.example" },
];
