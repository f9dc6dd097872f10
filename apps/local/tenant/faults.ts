// Draws the faults. A draw depends on the seed, the request's content and how often this content was seen: the same run gives the
// same faults in whatever order its requests arrive, and a request that is tried again gets a new draw.
import type { Instant } from "../../../shared/domain/instant.ts";
import { HOUR_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import { hash32 } from "../../../shared/domain/hash.ts";
import type { Answer } from "./answer.ts";
import { graphError } from "./answer.ts";
import { chance, pick } from "../chance.ts";
import { FaultRates } from "../faults/fault-rates.ts";
import type { Fault, FaultNameOf } from "../faults/vocabulary.ts";

export type TenantFault = Fault<TenantFaultName>;
type TenantFaultName = FaultNameOf<"tenant">;

const STEP_FAULTS = [
  "throttle",
  "server-error",
  "timeout-after-commit",
  "missing-step",
  "doubled-step",
  "unknown-step",
  "lost-answer",
] as const satisfies readonly TenantFaultName[];
const ENVELOPE_FAULTS = [
  "throttle-envelope",
  "envelope-error",
  "html-200",
  "reset",
  "timeout-after-commit",
] as const satisfies readonly TenantFaultName[];
const REPORT_FAULTS = ["report-stale", "report-half", "report-absent"] as const satisfies readonly TenantFaultName[];

export type StepFault = (typeof STEP_FAULTS)[number];
export type EnvelopeFault = (typeof ENVELOPE_FAULTS)[number];
export type ReportFault = (typeof REPORT_FAULTS)[number];

/** A drawn fault, with the number that decides its details. */
export interface Drawn<T extends TenantFaultName> {
  readonly name: T;
  readonly key: string;
}

// Bounds the memory of seen contents: about two for each user of a large tenant. Forgetting only repeats earlier draws.
const REMEMBERED = 200_000;
const HTML =
  "<html><head><title>Service Unavailable</title></head><body><h2>Our services aren't available</h2></body></html>";

export class Faults {
  readonly #seed: number;
  readonly #rates: FaultRates<TenantFaultName>;
  readonly #seen = new Map<number, number>();

  constructor(faults: readonly TenantFault[], seed: number) {
    this.#seed = seed;
    this.#rates = new FaultRates(faults);
  }

  /** Switches the faults from now on; earlier answers stay what they were. */
  set(faults: readonly TenantFault[]): void {
    this.#rates.set(faults);
  }

  current(): readonly TenantFault[] {
    return this.#rates.current();
  }

  /** Nothing to draw: the content of a step need not be put together. */
  get areOff(): boolean {
    return this.#rates.areOff;
  }

  happened(): Readonly<Record<string, number>> {
    return this.#rates.happened();
  }

  /** @param kind what the step is: only a mail can lose its answer, only a step of a batch can be missing or doubled */
  drawStep(content: string, kind: { readonly mail: boolean; readonly batched: boolean }): Drawn<StepFault> | null {
    const fault = this.#draw(STEP_FAULTS, `step ${content}`, (name) => {
      if (name === "lost-answer") return kind.mail;
      return kind.batched || !name.endsWith("-step");
    });
    return fault;
  }

  drawEnvelope(content: string): Drawn<EnvelopeFault> | null {
    return this.#draw(ENVELOPE_FAULTS, `envelope ${content}`, () => true);
  }

  drawsEmptyPage(content: string): boolean {
    return this.#draw(["empty-page"], `page ${content}`, () => true) !== null;
  }

  drawReport(content: string): Drawn<ReportFault> | null {
    return this.#draw(REPORT_FAULTS, `report ${content}`, () => true);
  }

  /** The first of `names` that happens now. */
  drawOf<T extends TenantFaultName>(names: readonly T[], content: string): Drawn<T> | null {
    return this.#draw(names, content, () => true);
  }

  /** For details of a drawn fault, such as "was it done?". */
  coin(drawn: Drawn<TenantFaultName>): boolean {
    return this.share(drawn, "coin") < 0.5;
  }

  /** In [0, 1), for another detail of a drawn fault. */
  share(drawn: Drawn<TenantFaultName>, detail: string): number {
    return chance(this.#seed, `${drawn.key}/${detail}`);
  }

  throttled(drawn: Drawn<TenantFaultName>, now: Instant): Answer {
    const headers = { "x-ms-resource-unit": "1", ...this.#retryAfter(drawn.key, now) };
    return graphError(429, "TooManyRequests", "Too many requests. Please try again later.", headers);
  }

  serverError(drawn: Drawn<TenantFaultName>): Answer {
    const [status, code] = pick(this.#seed, `${drawn.key}/status`, [
      [500, "InternalServerError"],
      [502, "BadGateway"],
      [503, "ServiceUnavailable"],
    ]);
    return graphError(status, code, "The service could not process the request.");
  }

  timeout(): Answer {
    return graphError(504, "GatewayTimeout", "The gateway did not get an answer in time.");
  }

  html(status: 200 | 503): Answer {
    return { status, headers: { "Content-Type": "text/html" }, body: HTML };
  }

  #draw<T extends TenantFaultName>(
    names: readonly T[],
    content: string,
    applies: (name: T) => boolean,
  ): Drawn<T> | null {
    if (names.every((name) => this.#rates.of(name) === 0)) return null;
    const hash = hash32(content, this.#seed);
    const times = (this.#seen.get(hash) ?? 0) + 1;
    if (this.#seen.size >= REMEMBERED) this.#seen.clear();
    this.#seen.set(hash, times);
    for (const name of names) {
      const rate = this.#rates.of(name);
      const key = `${name}/${hash}/${times}`;
      if (rate === 0 || !applies(name) || chance(this.#seed, key) >= rate) continue;
      this.#rates.count(name);
      return { name, key };
    }
    return null;
  }

  /** Every form that clients must survive: seconds, a decimal, a date, nothing, zero, and absurdly long. */
  #retryAfter(key: string, now: Instant): Readonly<Record<string, string>> {
    const draw = chance(this.#seed, `${key}/form`);
    const seconds = 1 + Math.floor(chance(this.#seed, `${key}/seconds`) * 30);
    if (draw < 0.6) return { "Retry-After": String(seconds) };
    if (draw < 0.68) return { "Retry-After": `${seconds}.5` };
    if (draw < 0.8) return { "Retry-After": new Date(now + seconds * SECOND_MS).toUTCString() };
    if (draw < 0.88) return { "Retry-After": "0" };
    if (draw < 0.98) return {};
    return { "Retry-After": String(HOUR_MS / SECOND_MS) };
  }
}
