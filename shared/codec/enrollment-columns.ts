// Enrollment ↔ plain columns of a `u_` row, version 1. Tolerant: unknown columns belong to a newer version and are kept by the store.
import * as z from "zod";
import type { Base, Claim, Enrollment, NoticeRecord, State } from "../domain/enrollment.ts";
import { isWrapper, PHASES } from "../domain/enrollment.ts";
import { FAILURE_REASONS } from "../domain/failure.ts";
import type { Columns } from "../domain/journal.ts";
import { MFA_STATES, NOTICE_KINDS } from "../domain/names.ts";
import type { NoticeKey } from "../domain/names.ts";
import { count, formatTime, parseJson, parseRow, time, timeOrZero, withTime } from "./columns.ts";

const NOTICE = new RegExp(`^(first-notice|(${NOTICE_KINDS.join("|")})-\\d{1,6})$`);
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

export function parseEnrollment(columns: Columns): Enrollment {
  const row = parseRow(schema, columns, "an enrollment row");
  const { userId, written, attempt, notBefore, reverts } = row;
  const prior =
    row.prior === undefined
      ? ({ kind: "unobserved" } as const)
      : ({ kind: "observed", mfaState: row.prior, at: row.priorAt } as const);
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
}

function parseState(row: Row): State {
  const { phase, reason = "", owner = "", since: at, until } = row;
  // Rows from before restores were remembered have no such column: they left none.
  const left = row.restoringSince === 0 ? {} : { restoringSince: row.restoringSince };
  switch (phase) {
    case "restored":
      return { phase, at };
    case "failed":
      return {
        phase,
        was: parseBase(row, row.was),
        reason: parseRow(z.enum(FAILURE_REASONS), reason, "a failure's reason"),
        at,
        ...left,
      };
    case "excluded":
      return { phase, was: parseBase(row, row.was), reason, at, ...left };
    case "held":
      return { phase, was: parseBase(row, row.was), reason, owner, at, until };
    case "restoring":
      return { phase, was: parseBase(row, row.was), at };
    default:
      return parseBase(row, phase);
  }
}

function parseBase(row: Row, phase: Base["phase"] | undefined): Base {
  switch (phase) {
    case undefined:
      throw new Error("an enrollment row has a wrapper without the phase that it left");
    case "queued":
      return { phase };
    case "enabled":
      return { phase, enabledAt: row.enabledAt, notice: row.notice ?? "first-notice" };
    case "notified":
      return { phase, toldAt: row.toldAt, enforceAfter: row.enforceAfter };
    case "enforced": {
      const told =
        row.toldAt === 0
          ? ({ kind: "not-told" } as const)
          : ({ kind: "told", toldAt: row.toldAt, enforceAfter: row.enforceAfter } as const);
      return { phase, enforcedAt: row.enforcedAt, how: row.how ?? "written", told };
    }
  }
}

function parseClaim(row: Row): Claim {
  if (row.claimNotice === undefined) return { kind: "none" };
  const { claimNotice, claimSender = "", claimedAt, claimExpiresAt, claimEnforceAfter } = row;
  return {
    kind: "open",
    notice: claimNotice,
    sender: claimSender,
    claimedAt,
    expiresAt: claimExpiresAt,
    enforceAfter: claimEnforceAfter,
  };
}

function parseNotices(row: Row): readonly NoticeRecord[] {
  return parseRow(z.array(noticeRecord), parseJson(row.notices), "an enrollment's notices").map(
    ([key, outcome, at, enforceAfter]) => ({ notice: key, outcome, at, enforceAfter }),
  );
}
