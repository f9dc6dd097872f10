// Graph of a simulation: one call is one `$batch`, with faults of the whole call here, and of each step in `stepFault`.
import type { Answer } from "../../../shared/domain/failure.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { KnownMfaState, MfaState, SenderId, UserId } from "../../../shared/domain/names.ts";
import type { RegistrationValue } from "../../../shared/domain/registration.ts";
import { MemoryDirectory } from "../../../shared/memory/memory-directory.ts";
import { MemoryNotifier } from "../../../shared/memory/memory-notifier.ts";
import type { TenantFault } from "../../../shared/memory/memory-tenant.ts";
import type { Clock } from "../../../shared/ports/clock.ts";
import type {
  BreakGlassAccount,
  Directory,
  DirectoryUser,
  Read,
  Recipient,
  RegistrationReportPage,
  StateChange,
} from "../../../shared/ports/directory.ts";
import { Unavailable } from "../../../shared/ports/errors.ts";
import type { Mail, Notifier } from "../../../shared/ports/notifier.ts";
import type { SimFault } from "./faults.ts";
import type { Caller, PortCalls } from "./port-calls.ts";
import type { SimTenant } from "./sim-tenant.ts";

type Area = "read" | "write" | "mail";

/** What goes wrong for a while, switched by the world. */
export interface GraphWeather {
  storm: boolean;
  outage: boolean;
  readonly forbidden: Set<Area>;
  /** Every write of these is refused for good. */
  readonly protectedUsers: Set<UserId>;
  /** No call for these ever succeeds. */
  readonly brokenUsers: Set<UserId>;
}

export interface GraphWatch {
  writeStarts(caller: Caller, users: readonly UserId[], mfaState: KnownMfaState): void;
  mailsStart(caller: Caller, sender: SenderId, mails: readonly Mail[]): void;
  mailArrived(userId: UserId): void;
}

export interface GraphParts {
  readonly tenant: SimTenant;
  readonly calls: PortCalls;
  readonly weather: GraphWeather;
  readonly watch: GraphWatch;
  /** The true time. */
  readonly clock: Clock;
}

const WAITS_MS = [0, 0, 2 * SECOND_MS, 5 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS, 3 * HOUR_MS, DAY_MS] as const;

const answered = (status: number, code: string, retryAfterMs = 0): Answer => ({
  kind: "answered",
  status,
  code,
  retryAfterMs,
});
const NONE: Answer = { kind: "none" };
const noToken = (): Unavailable => new Unavailable("graph", { cause: new Error("no token") });

/** Retry-After as the adapter reads it: at least 2 s, or 0 where there was none. */
function drawWaitMs(calls: PortCalls): number {
  return WAITS_MS[calls.upTo(WAITS_MS.length)] ?? 0;
}

interface StepFaultKind {
  readonly fault: SimFault;
  /** Of which calls; absent: of all. */
  readonly of?: "writes" | "mails" | "writes and mails";
  readonly answer: (calls: PortCalls) => Answer;
  readonly isDone: "never" | "always" | "perhaps";
}

const throttled = (calls: PortCalls): Answer => answered(429, "TooManyRequests", drawWaitMs(calls));

/** In the order in which they are asked for. */
const STEP_FAULTS: readonly StepFaultKind[] = [
  { fault: "graph-throttled", answer: throttled, isDone: "never" },
  { fault: "graph-throttled-but-done", of: "writes and mails", answer: throttled, isDone: "always" },
  {
    fault: "graph-server-error",
    answer: (calls) => answered([500, 502, 503][calls.upTo(3)] ?? 500, ""),
    isDone: "never",
  },
  { fault: "graph-server-error-but-done", of: "writes and mails", answer: () => answered(503, ""), isDone: "always" },
  { fault: "graph-gateway-timeout", answer: () => answered(504, ""), isDone: "perhaps" },
  { fault: "graph-missing-step", answer: () => NONE, isDone: "perhaps" },
  { fault: "graph-conflict", of: "writes", answer: () => answered(409, ""), isDone: "never" },
  { fault: "graph-mailbox-busy", of: "mails", answer: () => answered(429, "ApplicationThrottled"), isDone: "never" },
];

/** Faults of one step of a call. */
export function stepFault({ calls, weather }: Pick<GraphParts, "calls" | "weather">): TenantFault {
  return (call, userId) => {
    if (userId === "") return null;
    const isWrite = call === "write-state";
    if (weather.brokenUsers.has(userId)) return { answer: answered(503, ""), done: false };
    if (isWrite && weather.protectedUsers.has(userId))
      return { answer: answered(403, "Authorization_RequestDenied"), done: false };
    const kind = isWrite ? "writes" : call === "mail" ? "mails" : "reads";
    const struck = STEP_FAULTS.find(({ fault, of = kind }) => of.includes(kind) && calls.swarm.strikes(fault));
    if (struck === undefined) return null;
    const done = struck.isDone === "always" || (struck.isDone === "perhaps" && calls.chance(0.5));
    return { answer: struck.answer(calls), done };
  };
}

/** Faults of a whole call; `then` is the call itself. */
function ask<T>(
  { calls, weather }: GraphParts,
  caller: Caller,
  { area, what }: { readonly area: Area; readonly what: string },
  { act, failAll }: { readonly act: () => Promise<T>; readonly failAll: (answer: Answer) => T },
): Promise<T> {
  const { swarm } = calls;
  const fail = (answer: Answer): Promise<T> => calls.call(caller, `${what}: fails`, async () => failAll(answer));
  if (swarm.strikes("graph-no-token"))
    return calls.call(caller, `${what}: no token`, async () => {
      throw noToken();
    });
  if (weather.outage) return fail({ kind: "unreachable", retryAfterMs: 0 });
  if (weather.storm) return fail(answered(429, "TooManyRequests", drawWaitMs(calls)));
  if (weather.forbidden.has(area)) return fail(answered(403, "Authorization_RequestDenied"));
  if (swarm.strikes("graph-envelope-throttled"))
    return fail({ kind: "envelope-throttled", retryAfterMs: drawWaitMs(calls) });
  if (swarm.strikes("graph-unreachable")) return fail({ kind: "unreachable", retryAfterMs: 0 });
  if (swarm.strikes("graph-no-answer")) return fail(NONE);
  if (swarm.strikes("graph-no-answer-but-done"))
    return calls.call(caller, `${what}: answer lost`, async () => {
      await act();
      return failAll(NONE);
    });
  return calls.call(caller, what, act, async () => failAll(NONE));
}

export class SimDirectory implements Directory {
  readonly #parts: GraphParts;
  readonly #caller: Caller;
  readonly #inner: MemoryDirectory;

  constructor(parts: GraphParts, caller: Caller) {
    this.#parts = parts;
    this.#caller = caller;
    this.#inner = new MemoryDirectory(parts.tenant);
  }

  listUsers(): AsyncIterable<readonly DirectoryUser[]> {
    return this.#inner.listUsers();
  }

  readMfaStates(users: readonly UserId[]): Promise<readonly Read<MfaState>[]> {
    return this.#read("read states", users, () => this.#inner.readMfaStates(users));
  }

  setMfaStates(users: readonly UserId[], mfaState: KnownMfaState): Promise<readonly Answer[]> {
    this.#parts.watch.writeStarts(this.#caller, users, mfaState);
    return ask<readonly Answer[]>(
      this.#parts,
      this.#caller,
      { area: "write", what: `write ${mfaState}` },
      {
        act: () => this.#inner.setMfaStates(users, mfaState),
        failAll: (answer) => users.map(() => answer),
      },
    );
  }

  readRegistrations(users: readonly UserId[]): Promise<readonly Read<RegistrationValue>[]> {
    return this.#read("read methods", users, () => this.#inner.readRegistrations(users));
  }

  readRecipients(users: readonly UserId[]): Promise<readonly Read<Recipient>[]> {
    return this.#read("read recipients", users, () => this.#inner.readRecipients(users));
  }

  async *readRegistrationReport(): AsyncIterable<RegistrationReportPage> {
    const { tenant, calls, clock, weather } = this.#parts;
    yield await calls.call(this.#caller, "read report", async () => {
      if (weather.outage || calls.swarm.strikes("report-absent")) throw noToken();
      const now = clock.now();
      const reportAt: Instant = calls.swarm.strikes("report-stale") ? now - 3 * DAY_MS : now;
      const isHalf = calls.swarm.strikes("report-half");
      const known = [...tenant.people.keys()].filter(() => !isHalf || calls.chance(0.5));
      const rows = known.map((userId) => ({
        userId,
        value: tenant.wasUsableAt(userId, reportAt) ? ("usable" as const) : ("none" as const),
      }));
      return { reportAt, rows };
    });
  }

  findStateChange(userId: UserId, since: Instant): Promise<StateChange | null> {
    const { calls, weather } = this.#parts;
    return calls.call(this.#caller, "read audit", async () => {
      if (weather.outage || weather.storm || calls.swarm.strikes("graph-no-token")) throw noToken();
      return this.#inner.findStateChange(userId, since);
    });
  }

  readBreakGlass(accounts: readonly string[]): Promise<readonly BreakGlassAccount[]> {
    const { calls, weather } = this.#parts;
    return calls.call(this.#caller, "read break-glass accounts", async () => {
      if (weather.outage || weather.storm || calls.swarm.strikes("graph-no-token")) throw noToken();
      return this.#inner.readBreakGlass(accounts);
    });
  }

  #read<T>(
    what: string,
    users: readonly UserId[],
    act: () => Promise<readonly Read<T>[]>,
  ): Promise<readonly Read<T>[]> {
    return ask<readonly Read<T>[]>(
      this.#parts,
      this.#caller,
      { area: "read", what },
      {
        act,
        failAll: (answer) => users.map(() => ({ kind: "failed", answer })),
      },
    );
  }
}

export class SimNotifier implements Notifier {
  readonly #parts: GraphParts;
  readonly #caller: Caller;
  readonly #inner: MemoryNotifier;

  constructor(parts: GraphParts, caller: Caller) {
    this.#parts = parts;
    this.#caller = caller;
    this.#inner = new MemoryNotifier(parts.tenant, parts.clock);
  }

  send(sender: SenderId, mails: readonly Mail[]): Promise<readonly Answer[]> {
    const { watch } = this.#parts;
    watch.mailsStart(this.#caller, sender, mails);
    return ask<readonly Answer[]>(
      this.#parts,
      this.#caller,
      { area: "mail", what: "send mail" },
      {
        act: async () => {
          const answers = await this.#inner.send(sender, mails);
          for (const { userId } of mails) watch.mailArrived(userId);
          return answers;
        },
        failAll: (answer) => mails.map(() => answer),
      },
    );
  }
}
