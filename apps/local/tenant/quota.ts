// The documented limits of Graph as token buckets on virtual time (Microsoft Learn: Graph service-specific throttling limits).
// Each step of a `$batch` is metered by itself, refused calls count, and the answer's headers say how full the limits are.
import type { Instant } from "../../../shared/domain/instant.ts";
import { MINUTE_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { graphError } from "./answer.ts";
import { Bucket } from "./bucket.ts";
import { chance } from "../chance.ts";

/** `auth-methods`: everything below `…/authentication/`, for which no limit is published. */
export type Service = "identity" | "auth-methods" | "reports" | "conditional-access" | "outlook";

export interface Cost {
  readonly service: Service;
  readonly resourceUnits: number;
  readonly writes: 0 | 1;
}

export type Metered =
  | { readonly kind: "allowed"; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: "refused"; readonly answer: Answer };

interface Limit {
  readonly bucket: Bucket;
  readonly cost: number;
  readonly scope: string;
  readonly information: string;
}

interface QuotaOptions {
  readonly enabled: boolean;
  readonly tenantId: string;
  readonly seed: number;
  readonly userCount: number;
  readonly authMethodsPer150s: number | null;
  readonly otherAppsLoad: number;
  /** Default: as documented. */
  readonly writesPer150s?: number;
  readonly writesDrain?: number;
}

const WRITES = { limit: 3_000, windowMs: 150 * SECOND_MS };
const TENANT_WRITES = { limit: 18_000, windowMs: 5 * MINUTE_MS };
const REPORTS = { limit: 5, windowMs: 10 * SECOND_MS };
// All apps of the tenant together.
const POLICIES = { limit: 1, windowMs: SECOND_MS };
const UNITS_WINDOW_MS = 10 * SECOND_MS;
const UNITS = { small: 3_500, medium: 5_000, large: 8_000 };
// From this share on Graph warns before it refuses.
const NO_TIME_TOLD = "";
const WARN_SHARE = 0.8;
const MOST_SHARE = 1.8;

export class Quota {
  readonly #options: QuotaOptions;
  readonly #tenantWrites: Bucket;
  readonly #policies: Bucket;
  readonly #byApp = new Map<string, { writes: Bucket; units: Bucket; reports: Bucket; authMethods: Bucket | null }>();
  #refusals = 0;

  constructor(options: QuotaOptions, now: Instant) {
    this.#options = options;
    this.#policies = new Bucket(POLICIES.limit, POLICIES.windowMs, now);
    this.#tenantWrites = new Bucket(TENANT_WRITES.limit, TENANT_WRITES.windowMs, now, { load: options.otherAppsLoad });
  }

  /** Takes the cost of one request or step from each limit it touches, or refuses it with the first that is exhausted. */
  meter(app: string, cost: Cost, now: Instant): Metered {
    const unit = { "x-ms-resource-unit": String(cost.resourceUnits) };
    if (!this.#options.enabled) return { kind: "allowed", headers: unit };

    const limits = this.#limits(app, cost, now);
    const exhausted = limits.find((limit) => !limit.bucket.has(limit.cost, now));
    if (exhausted !== undefined) {
      exhausted.bucket.take(exhausted.cost, now);
      return { kind: "refused", answer: this.#refuse(exhausted, unit, now) };
    }
    for (const limit of limits) limit.bucket.take(limit.cost, now);
    if (cost.service === "conditional-access") return { kind: "allowed", headers: unit };
    const used = Math.max(0, ...limits.map((limit) => limit.bucket.usedShare(now)));
    if (used < WARN_SHARE) return { kind: "allowed", headers: unit };
    return { kind: "allowed", headers: { ...unit, "x-ms-throttle-limit-percentage": percentage(used) } };
  }

  /** Replays writes of an earlier life of this process: a restart must not refill the quota. */
  recall(app: string, writes: number, at: Instant): void {
    this.#app(app, at).writes.take(writes, at);
    this.#tenantWrites.take(writes, at);
  }

  #limits(app: string, cost: Cost, now: Instant): readonly Limit[] {
    const { tenantId } = this.#options;
    const own = this.#app(app, now);
    if (cost.service === "reports") {
      return [limit(own.reports, 1, `Tenant_Application/Reports/${app}/${tenantId}`, "ReportLimitExceeded")];
    }
    if (cost.service === "conditional-access") {
      return [limit(this.#policies, 1, `Tenant/ConditionalAccess/${tenantId}`, NO_TIME_TOLD)];
    }
    // Mail has limits of its own, by mailbox (mailboxes.ts).
    if (cost.service === "outlook") return [];
    const scope = `Tenant_Application/ReadWrite/${app}/${tenantId}`;
    const limits = [limit(own.units, cost.resourceUnits, scope, "ResourceUnitLimitExceeded")];
    if (cost.writes > 0) {
      const write = `Tenant_Application/Write/${app}/${tenantId}`;
      limits.push(limit(own.writes, cost.writes, write, "WriteLimitExceeded"));
      limits.push(limit(this.#tenantWrites, cost.writes, `Tenant/Write/${tenantId}`, "WriteLimitExceeded"));
    }
    if (cost.service === "auth-methods" && own.authMethods !== null) {
      limits.push(limit(own.authMethods, 1, scope, "CPULimitExceeded"));
    }
    return limits;
  }

  #app(app: string, now: Instant): { writes: Bucket; units: Bucket; reports: Bucket; authMethods: Bucket | null } {
    const known = this.#byApp.get(app);
    if (known !== undefined) return known;
    const { authMethodsPer150s, writesPer150s = WRITES.limit, writesDrain = 0 } = this.#options;
    const made = {
      writes: new Bucket(writesPer150s, WRITES.windowMs, now, { drain: writesDrain }),
      units: new Bucket(unitsFor(this.#options.userCount), UNITS_WINDOW_MS, now),
      reports: new Bucket(REPORTS.limit, REPORTS.windowMs, now),
      authMethods: authMethodsPer150s === null ? null : new Bucket(authMethodsPer150s, WRITES.windowMs, now),
    };
    this.#byApp.set(app, made);
    return made;
  }

  #refuse(limit: Limit, unit: Readonly<Record<string, string>>, now: Instant): Answer {
    // Conditional Access never says when to come back, nor how near its limit is.
    if (limit.information === NO_TIME_TOLD) {
      return graphError(429, "TooManyRequests", "Too many requests. Please try again later.", unit);
    }
    const seconds = limit.bucket.secondsUntil(limit.cost, now);
    this.#refusals++;
    return graphError(429, "TooManyRequests", "Too many requests. Please try again later.", {
      ...unit,
      "x-ms-throttle-scope": limit.scope,
      "x-ms-throttle-information": limit.information,
      "x-ms-throttle-limit-percentage": percentage(limit.bucket.usedShare(now)),
      ...retryAfter(seconds, now, chance(this.#options.seed, `retry-after/${this.#refusals}`)),
    });
  }
}

function limit(bucket: Bucket, cost: number, scope: string, information: string): Limit {
  return { bucket, cost, scope, information };
}

/** Mostly seconds, sometimes a date, sometimes nothing: all three are seen in the wild. */
function retryAfter(seconds: number, now: Instant, draw: number): Readonly<Record<string, string>> {
  if (draw < 0.06) return {};
  if (draw >= 0.14) return { "Retry-After": String(seconds) };
  // A date has whole seconds: rounded up, or it would name an instant before the limit opens.
  return { "Retry-After": new Date(Math.ceil(now / SECOND_MS + seconds) * SECOND_MS).toUTCString() };
}

function percentage(share: number): string {
  return String(Math.round(Math.min(MOST_SHARE, Math.max(WARN_SHARE, share)) * 100) / 100);
}

function unitsFor(users: number): number {
  if (users < 50) return UNITS.small;
  return users <= 500 ? UNITS.medium : UNITS.large;
}
