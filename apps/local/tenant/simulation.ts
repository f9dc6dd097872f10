// All state of one simulated tenant, and the one way to change it: commit an event, which is applied and logged.
import { hash32 } from "../../../shared/domain/hash.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { Clock } from "../../../shared/ports/clock.ts";
import { Agenda } from "./agenda.ts";
import { AuditTrail } from "./audit-trail.ts";
import { Directory } from "./directory.ts";
import type { DurableLog } from "./durable-log.ts";
import { openLog, syncToDisk } from "./durable-log.ts";
import type { MailEvent, TenantEvent } from "./event.ts";
import { Faults } from "./faults.ts";
import { Groups } from "./groups.ts";
import { Mailboxes } from "./mailboxes.ts";
import type { Knobs, TenantOptions } from "./options.ts";
import { DEFAULT_KNOBS } from "./options.ts";
import { Policies } from "./policies.ts";
import { Quota } from "./quota.ts";
import { Settings } from "./settings.ts";

/** A request that Graph would not have understood: kept, because in a rollout it is always our bug. */
export interface Refusal {
  readonly at: Instant;
  readonly request: string;
  readonly status: number;
  readonly because: string;
}

export interface Counters {
  /** HTTP calls below /v1.0 and /beta. */
  requests: number;
  /** Steps of batches, and single calls. */
  steps: number;
  /** Accepted writes of an MFA state. */
  writes: number;
  /** Write steps of any kind that came to the quotas, and those that a quota refused. */
  meteredWrites: number;
  throttledWrites: number;
  /** Answers 429, envelopes and steps. */
  throttled: number;
  serverErrors: number;
  mails: number;
  tokens: number;
  reportReads: number;
  /** Stored events about users that this start does not know (another tenant file than before). */
  orphanedEvents: number;
}

const KEPT_REFUSALS = 100;
// Twice the longest window of the write quotas: what was refused before it weighs nothing any more.
const QUOTA_MEMORY_MS = 10 * MINUTE_MS;

const METERED = [
  "write",
  "group-created",
  "group-members",
  "tap",
  "tap-deleted",
  "sessions-revoked",
  "method-deleted",
  "sign-in-preferences",
  "setting-changed",
] as const;

export class Simulation {
  readonly options: TenantOptions;
  readonly knobs: Knobs;
  readonly clock: Clock;
  readonly directory: Directory;
  readonly mailboxes: Mailboxes;
  readonly quota: Quota;
  readonly faults: Faults;
  readonly groups = new Groups();
  readonly policies = new Policies();
  readonly settings = new Settings();
  readonly agenda = new Agenda();
  readonly audit = new AuditTrail();
  readonly epoch: Instant;
  readonly counters: Counters = noCounts();
  readonly refusals: Refusal[] = [];
  /** What stopped the log, if anything did. */
  brokenBy: Error | null = null;
  readonly #log: DurableLog;
  #tellBroken: (error: Error) => void = () => undefined;
  readonly #whenBroken = new Promise<Error>((resolve) => (this.#tellBroken = resolve));
  readonly #refusedWrites = new Map<string, number>();
  #requestNumber = 0;

  constructor(options: TenantOptions) {
    this.options = options;
    this.knobs = { ...DEFAULT_KNOBS, ...options.knobs };
    this.clock = options.clock;
    this.faults = new Faults(options.faults, options.seed);
    this.mailboxes = new Mailboxes(options.senders, options.quota === "documented", options.seed);

    const now = options.clock.now();
    // Events are applied after the head is known: the epoch dates the accounts.
    const stored: TenantEvent[] = [];
    this.#log = openLog({
      dir: options.dataDir,
      fresh: { tenantId: options.tenantId, epoch: now },
      replay: (event) => stored.push(event),
      isSpent: (event) => event.t === "refused-writes" && event.at < now - QUOTA_MEMORY_MS,
      sync: options.disk?.sync ?? syncToDisk,
      say: (line) => process.stderr.write(`${line}\n`),
      onBroken: (error) => {
        this.brokenBy = error;
        this.#tellBroken(error);
      },
    });
    this.epoch = this.#log.head.epoch;
    this.directory = new Directory(options.users, options.breakGlass, this.epoch);
    this.quota = new Quota(
      {
        enabled: options.quota === "documented",
        tenantId: options.tenantId,
        seed: options.seed,
        userCount: options.users.length,
        authMethodsPer150s: this.knobs.authMethodsPer150s,
        otherAppsLoad: this.knobs.otherAppsLoad,
        writesPer150s: this.knobs.writesPer150s,
        writesDrain: this.knobs.writesDrain,
      },
      this.epoch,
    );
    for (const event of stored) this.#replay(event);
  }

  commit(event: TenantEvent): void {
    this.#apply(event);
    this.#log.append(event);
    if (event.t === "write" && event.by !== "human") this.counters.writes++;
    if (event.t === "mail") this.counters.mails++;
  }

  /** Lets come true what was decided before and is due: call it before anything is read or written at this instant. */
  settle(): void {
    const now = this.clock.now();
    for (let due = this.agenda.next(now); due !== undefined; due = this.agenda.next(now)) {
      const { at, subject, role } = due;
      if (due.comesTrue === "permission") {
        this.commit({ t: "permission-restored", at, app: subject, role });
        continue;
      }
      if (due.comesTrue === "purge") {
        this.commit({ t: "purged", at, user: subject });
        continue;
      }
      const isThere = this.directory.find(subject) !== undefined;
      const state = { requested: "disabled", stored: "disabled", sticky: false } as const;
      this.commit(
        isThere ? { t: "write", at, user: subject, by: "human", ...state } : { t: "revert-void", at, user: subject },
      );
    }
  }

  countRefusedWrite(by: string): void {
    this.#refusedWrites.set(by, (this.#refusedWrites.get(by) ?? 0) + 1);
  }

  /** Resolves once everything committed is on the disk: an answer leaves after it, and also one that only shows something. */
  settled(): Promise<void> {
    for (const [by, count] of this.#refusedWrites) {
      this.#log.append({ t: "refused-writes", at: this.clock.now(), by, count });
    }
    this.#refusedWrites.clear();
    return this.#log.settled();
  }

  refused(request: string, status: number, because: string): void {
    this.refusals.push({ at: this.clock.now(), request, status, because });
    if (this.refusals.length > KEPT_REFUSALS) this.refusals.shift();
  }

  /** Unlike everything else not a function of content: two equal requests have two ids. */
  nextRequestId(): string {
    const number = ++this.#requestNumber;
    const hex = (hash32(`${this.epoch}/${number}`, this.options.seed) >>> 0).toString(16).padStart(8, "0");
    return `${hex}-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
  }

  /** Resolves with the write error after which nothing is accepted any more. */
  whenBroken(): Promise<Error> {
    return this.#whenBroken;
  }

  async close(): Promise<void> {
    if (this.brokenBy === null) await this.settled();
    await this.#log.close();
  }

  #apply(event: TenantEvent): void {
    this.audit.apply(event, this.directory);
    this.agenda.apply(event);
    this.groups.apply(event);
    this.policies.apply(event);
    this.settings.apply(event);
    if (!this.directory.apply(event)) this.counters.orphanedEvents++;
    if (event.t === "mail") this.mailboxes.apply(event, this.#unknownRecipients(event));
  }

  #replay(event: TenantEvent): void {
    this.#apply(event);
    if (usesWriteQuota(event) && event.by !== "human") this.quota.recall(event.by, 1, event.at);
    if (event.t === "refused-writes") this.quota.recall(event.by, event.count, event.at);
  }

  #unknownRecipients(event: MailEvent): number {
    return event.to.filter((address) => this.directory.findByMail(address) === undefined).length;
  }
}

function usesWriteQuota(event: TenantEvent): event is Extract<TenantEvent, { t: (typeof METERED)[number] }> {
  return METERED.some((name) => name === event.t);
}

function noCounts(): Counters {
  return {
    requests: 0,
    steps: 0,
    writes: 0,
    meteredWrites: 0,
    throttledWrites: 0,
    throttled: 0,
    serverErrors: 0,
    mails: 0,
    tokens: 0,
    reportReads: 0,
    orphanedEvents: 0,
  };
}
