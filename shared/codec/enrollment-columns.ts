// Enrollment ↔ plain columns of a `u_` row, version 1. Tolerant: unknown columns belong to a newer version and are kept by the store.
import * as z from "zod";
import type { Base, Claim, Enrollment, NoticeRecord, State } from "../domain/enrollment.ts";
import { isWrapper, PHASES } from "../domain/enrollment.ts";
import { FAILURE_REASONS } from "../domain/failure.ts";
import type { Columns } from "../domain/journal.ts";
import { MFA_STATES, NOTICE_KINDS } from "../domain/names.ts";
import type { NoticeKey } from "../domain/names.ts";
import { count, formatTime, parseJsonRow, parseRow, time, timeOrZero, withTime, onceEach } from "./columns.ts";

/** There is one first notice; the others are numbered. */
const NUMBERED = NOTICE_KINDS.filter((kind) => kind !== "first-notice");
const NOTICE = new RegExp(`^(first-notice|(${NUMBERED.join("|")})-\\d{1,6})$`);
const notice = z.custom<NoticeKey>((value) => typeof value === "string" && NOTICE.test(value), "a notice key");
const noticeRecord = z.tuple([notice, z.enum(["sent", "uncertain"]), time, time]);

const schema = z.object({
  v: z.literal(1),
  userId: z.guid(),
  phase: z.enum(PHASES),
  was: z.enum(["queued", "enabled", "notified", "enforced"]).optional(),
  enabledAt: timeOrZero,
  notice: notice.optional(),
  toldAt: timeOrZero,
  enforceAfter: timeOrZero,
  enforcedAt: timeOrZero,
  how: z.enum(["written", "observed", "found"]).optional(),
  reason: z.string().optional(),
  owner: z.string().optional(),
  since: timeOrZero,
  restoringSince: timeOrZero,
  until: timeOrZero,
  prior: z.enum(MFA_STATES).optional(),
  priorAt: timeOrZero,
  written: z.enum(["nothing", "enabled", "enforced"]),
  registration: z.enum(["usable", "none", "unknown"]),
  registrationAt: timeOrZero,
  attempt: count,
  notBefore: timeOrZero,
  reverts: count,
  claimNotice: notice.optional(),
  claimSender: z.string().optional(),
  claimedAt: timeOrZero,
  claimExpiresAt: timeOrZero,
  claimEnforceAfter: timeOrZero,
  notices: z.string(),
});
type Row = z.output<typeof schema>;

export const ENROLLMENT_COLUMNS: ReadonlySet<string> = new Set(Object.keys(schema.shape));

export function formatEnrollment(enrollment: Enrollment): Columns {
  const { userId, state, prior, written, registration, attempt, notBefore, claim, notices, reverts } = enrollment;
  const columns: Record<string, string | number> = { v: 1, userId, phase: state.phase, written, attempt, reverts };
  columns["registration"] = registration.value;
  withTime(columns, "registrationAt", registration.at);
  withTime(columns, "notBefore", notBefore);
  if (prior.kind === "observed") {
    columns["prior"] = prior.mfaState;
    withTime(columns, "priorAt", prior.at);
  }
  formatState(columns, state);
  if (claim.kind === "open") formatClaim(columns, claim);
  columns["notices"] = JSON.stringify(
    notices.map((record) => [record.notice, record.outcome, formatTime(record.at), formatTime(record.enforceAfter)]),
  );
  return columns;
}

function formatState(columns: Record<string, string | number>, state: State): void {
  if (state.phase === "restored") {
    withTime(columns, "since", state.at);
    return;
  }
  if (!isWrapper(state)) {
    formatBase(columns, state);
    return;
  }
  columns["was"] = state.was.phase;
  withTime(columns, "since", state.at);
  formatBase(columns, state.was);
  if (state.phase === "restoring") return;
  columns["reason"] = state.reason;
  if (state.phase !== "held") {
    withTime(columns, "restoringSince", state.restoringSince ?? 0);
    return;
  }
  columns["owner"] = state.owner;
  withTime(columns, "until", state.until);
}

function formatBase(columns: Record<string, string | number>, base: Base): void {
  switch (base.phase) {
    case "queued":
      return;
    case "enabled":
      columns["notice"] = base.notice;
      withTime(columns, "enabledAt", base.enabledAt);
      return;
    case "notified":
      withTime(columns, "toldAt", base.toldAt);
      withTime(columns, "enforceAfter", base.enforceAfter);
      return;
    case "enforced":
      columns["how"] = base.how;
      withTime(columns, "enforcedAt", base.enforcedAt);
      if (base.told.kind === "not-told") return;
      withTime(columns, "toldAt", base.told.toldAt);
      withTime(columns, "enforceAfter", base.told.enforceAfter);
      return;
  }
}

function formatClaim(columns: Record<string, string | number>, claim: Extract<Claim, { kind: "open" }>): void {
  columns["claimNotice"] = claim.notice;
  columns["claimSender"] = claim.sender;
  withTime(columns, "claimedAt", claim.claimedAt);
  withTime(columns, "claimExpiresAt", claim.expiresAt);
  withTime(columns, "claimEnforceAfter", claim.enforceAfter);
}

export const parseEnrollment = onceEach((columns): Enrollment => {
  const row = parseRow(schema, columns, "an enrollment row");
  const { userId, written, attempt, notBefore, reverts } = row;
  const prior =
    row.prior === undefined
      ? ({ kind: "unobserved" } as const)
      : ({ kind: "observed", mfaState: row.prior, at: needed(row, "priorAt") } as const);
  const registration = { value: row.registration, at: row.registrationAt };
  const state = parseState(row);
  return {
    userId,
    state,
    prior,
    written,
    registration,
    attempt,
    notBefore,
    claim: parseClaim(row),
    notices: parseNotices(row),
    reverts,
  };
});

function parseState(row: Row): State {
  const { phase } = row;
  // Rows from before restores were remembered have no such column: they left none.
  const left = row.restoringSince === 0 ? {} : { restoringSince: row.restoringSince };
  switch (phase) {
    case "restored":
      return { phase, at: needed(row, "since") };
    case "failed": {
      const reason = parseRow(z.enum(FAILURE_REASONS), needed(row, "reason"), "a failure's reason");
      return { phase, was: parseBase(row, needed(row, "was")), reason, at: needed(row, "since"), ...left };
    }
    case "excluded": {
      const reason = needed(row, "reason");
      return { phase, was: parseBase(row, needed(row, "was")), reason, at: needed(row, "since"), ...left };
    }
    case "held": {
      const [reason, owner, until] = [needed(row, "reason"), needed(row, "owner"), needed(row, "until")];
      return { phase, was: parseBase(row, needed(row, "was")), reason, owner, at: needed(row, "since"), until };
    }
    case "restoring":
      return { phase, was: parseBase(row, needed(row, "was")), at: needed(row, "since") };
    default:
      return parseBase(row, phase);
  }
}

function parseBase(row: Row, phase: Base["phase"]): Base {
  switch (phase) {
    case "queued":
      return { phase };
    case "enabled":
      return { phase, enabledAt: needed(row, "enabledAt"), notice: needed(row, "notice") };
    case "notified":
      return { phase, toldAt: needed(row, "toldAt"), enforceAfter: needed(row, "enforceAfter") };
    case "enforced": {
      const told =
        row.toldAt === 0
          ? ({ kind: "not-told" } as const)
          : ({ kind: "told", toldAt: row.toldAt, enforceAfter: needed(row, "enforceAfter") } as const);
      return { phase, enforcedAt: needed(row, "enforcedAt"), how: needed(row, "how"), told };
    }
  }
}

/** A time that is lost must never be read as one that is long past: a row that lacks what its phase needs is damaged. */
function needed<K extends keyof Row>(row: Row, column: K): Exclude<Row[K], undefined> {
  const value = row[column];
  if (value === undefined || value === 0) throw new Error(`an enrollment row (${row.phase}) has no ${column}`);
  return value as Exclude<Row[K], undefined>;
}

function parseClaim(row: Row): Claim {
  if (row.claimNotice === undefined) {
    if (row.claimSender !== undefined)
      throw new Error(`an enrollment row (${row.phase}) has a claim without its notice`);
    return { kind: "none" };
  }
  return {
    kind: "open",
    notice: row.claimNotice,
    sender: needed(row, "claimSender"),
    claimedAt: needed(row, "claimedAt"),
    expiresAt: needed(row, "claimExpiresAt"),
    enforceAfter: needed(row, "claimEnforceAfter"),
  };
}

function parseNotices(row: Row): readonly NoticeRecord[] {
  return parseJsonRow(z.array(noticeRecord), row.notices, "an enrollment's notices").map(
    ([key, outcome, at, enforceAfter]) => ({ notice: key, outcome, at, enforceAfter }),
  );
}
