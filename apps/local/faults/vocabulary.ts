// The one vocabulary of faults of the embedded runtime: name, the part that makes it, its usual rate, what happens, and the
// invariants of docs/SPEC.md that it attacks. docs/EMBEDDED.md shows this table; a repository test compares the two.

export type FaultPart = "tenant" | "broker" | "tables" | "instances";

interface FaultEntry {
  readonly part: FaultPart;
  /** Probability a chance, 0 to 1; what a chance is, the text says. */
  readonly usualRate: number;
  readonly what: string;
  readonly attacks: readonly number[];
}

const VOCABULARY = {
  throttle: by("tenant", 0.1, "a step is answered 429, with any form of Retry-After", [1, 3]),
  "server-error": by("tenant", 0.03, "a step is answered 500, 502 or 503; nothing was done", [3, 4]),
  "timeout-after-commit": by(
    "tenant",
    0.01,
    "a step, or the whole envelope, is answered 504 although it was done",
    [4, 5],
  ),
  "missing-step": by("tenant", 0.01, "a $batch answers without one of its steps, which was done or not", [3, 4]),
  "doubled-step": by("tenant", 0.01, "a $batch answers one step twice", [4]),
  "unknown-step": by("tenant", 0.01, "a $batch holds an answer for a step that nobody asked for", [4]),
  "lost-answer": by("tenant", 0.01, "a mail is sent, its answer lost", [5]),
  "throttle-envelope": by("tenant", 0.02, "the whole request is answered 429", [3, 5]),
  "envelope-error": by(
    "tenant",
    0.02,
    "the whole request is answered 503 with a page of HTML; nothing was done",
    [3, 4],
  ),
  reset: by("tenant", 0.01, "the connection is reset in the middle of the body, after the work was done", [4, 5]),
  "html-200": by("tenant", 0.01, "200 with a page of HTML, as a proxy gives; nothing was done", [4]),
  "empty-page": by("tenant", 0.1, "a page of a list is empty and has a next one", [3]),
  "permission-lost": by(
    "tenant",
    0.002,
    "a permission of the caller is revoked for up to two hours of virtual time",
    [2, 3],
  ),
  "user-deleted": by("tenant", 0.002, "a user is deleted, seen by a read or write of that user", [3]),
  "user-renamed": by(
    "tenant",
    0.005,
    "a user gets another name and address, seen by a read or write of that user",
    [3, 5],
  ),
  "user-restored": by(
    "tenant",
    0.01,
    "a deleted user comes back under the same id, with MFA off, seen by a read of that user or of all",
    [1, 3],
  ),
  "report-stale": by("tenant", 0.05, "the registration report is the one of three days ago", [1]),
  "report-half": by("tenant", 0.05, "the registration report lacks half of the people", [1, 3]),
  "report-absent": by("tenant", 0.05, "the registration report is empty", [1, 3]),
  "admin-revert": by("tenant", 0.002, "an admin sets a user's state back to disabled, some time after our write", [7]),
  "bus-lost-acknowledgement": by("broker", 0.01, "a send is stored, its answer is not sent", [3, 5]),
  "bus-duplicate": by("broker", 0.01, "a send is stored twice", [5]),
  "bus-reorder": by("broker", 0.05, "a later message is delivered first", [1]),
  "bus-delay": by("broker", 0.02, "a sent message becomes active a little later", [3]),
  "bus-lost-lock": by("broker", 0.01, "the lock of a delivery ends at once, while its receiver still works", [5]),
  "bus-detach": by("broker", 0.005, "a link is detached once its client has nothing in hand", [3]),
  "bus-busy": by("broker", 0.02, "a send is refused with server-busy", [3]),
  "bus-cut": by(
    "broker",
    0.005,
    "the socket of a stored send, or of a client with one delivery in hand at most, is destroyed",
    [3, 5],
  ),
  "bus-close": by(
    "broker",
    0.005,
    "a connection is closed by force once its client has settled what it has in hand",
    [3],
  ),
  "table-exists": by("tables", 0.005, "409: a write that inserts is refused as if the row were there", [3, 5]),
  "table-changed": by("tables", 0.01, "412: a write with an etag is refused as if another had written", [3, 5]),
  "table-busy": by("tables", 0.02, "503: a request is refused, nothing was done", [3]),
  "table-lost-answer": by("tables", 0.01, "a write is done, its answer lost", [4, 5]),
  "table-outage": by("tables", 0.0005, "at a request, no request is answered for some seconds", [3, 6]),
  "instance-kill": by("instances", 0.01, "at a look of the planner, an instance is ended with SIGKILL", [3, 5]),
  "instance-stop": by(
    "instances",
    0.005,
    "at a look of the planner, an instance is stopped for up to two seconds",
    [3, 5],
  ),
  "instance-restart": by(
    "instances",
    0.005,
    "at a look of the planner, an instance is asked to end, and started anew",
    [3],
  ),
  "instance-clock": by(
    "instances",
    0.5,
    "at its start, an instance gets a clock that is off by up to four minutes",
    [1],
  ),
} as const satisfies Record<string, FaultEntry>;

export type FaultName = keyof typeof VOCABULARY;
/** The faults that one part makes. */
export type FaultNameOf<Part extends FaultPart> = {
  [Name in FaultName]: (typeof VOCABULARY)[Name]["part"] extends Part ? Name : never;
}[FaultName];

export interface Fault<Name extends FaultName = FaultName> {
  readonly name: Name;
  /** 0 to 1. */
  readonly rate: number;
}

export const FAULT_NAMES: readonly FaultName[] = Object.keys(VOCABULARY).filter(isFaultName);

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(VOCABULARY, name);
}

export function describeFault(name: FaultName): FaultEntry {
  return VOCABULARY[name];
}

export function isFaultOf<Part extends FaultPart>(name: string, part: Part): name is FaultNameOf<Part> {
  return isFaultName(name) && VOCABULARY[name].part === part;
}

export function faultNamesOf(part: FaultPart): readonly FaultName[] {
  return FAULT_NAMES.filter((name) => isFaultOf(name, part));
}

/** Of all faults asked for, those that one part has to make. */
export function faultsOf<Part extends FaultPart>(faults: readonly Fault[], part: Part): Fault<FaultNameOf<Part>>[] {
  return faults.flatMap(({ name, rate }) => (isFaultOf(name, part) ? [{ name, rate }] : []));
}

function by<const Part extends FaultPart>(part: Part, usualRate: number, what: string, attacks: readonly number[]) {
  return { part, usualRate, what, attacks };
}
