// Why a step did not succeed, and what follows: one table, first match wins, a narrow rule above a wide one. The runbook's table
// is printed from here. Sources: Microsoft Learn "Microsoft Graph error responses", "throttling", "sendMail"; docs/SPEC.md.

export const FAILURE_REASONS = [
  "throttled",
  "mailbox-busy",
  "graph-unavailable",
  "no-answer",
  "concurrent-change",
  "token-refused",
  "permission-missing",
  "protected-object",
  "licence-missing",
  "user-gone",
  "sender-unusable",
  "no-address",
  "bad-request",
  "unclassified",
  "not-registered",
  "notice-unconfirmed",
  "prior-unknown",
  "dead-lettered",
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** `uncertain` exists for mails only: it may have gone out, so it is never sent again by itself (invariant 5). */
export type Disposition = "retry" | "exclude" | "fail" | "uncertain";

export interface Failure {
  readonly reason: FailureReason;
  readonly disposition: Disposition;
  /** Does a saved verdict of this kind use up one of the attempts? */
  readonly countsAttempt: boolean;
  /**
   * `user`: this user's own; `circuit`: if every answered step of the call says so, nobody is judged by it;
   * `sender`: the mailbox is wrong, not the user.
   */
  readonly scope: "user" | "circuit" | "sender";
  /** What Graph asked us to wait, at least; 0 = it did not say. */
  readonly retryAfterMs: number;
}

/** What is known of one request or of one step of a `$batch`. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** `error.code` of Graph, or "" */
      readonly code: string;
      readonly retryAfterMs: number;
    }
  /** No answer, an answer that cannot be read, or none for this step: nothing is known (invariant 4). */
  | { readonly kind: "none" }
  /** Refused before anything was carried out: no connection, or the whole envelope was throttled. */
  | { readonly kind: "unreachable" | "envelope-throttled"; readonly retryAfterMs: number };

export type Operation = "read" | "write" | "mail";

export type Verdict = { readonly kind: "done" } | { readonly kind: "failed"; readonly failure: Failure };

interface Rule {
  readonly status: number | "5xx" | "none" | "unreachable" | "envelope-throttled" | "any";
  readonly code?: string;
  readonly operation?: Operation;
  readonly reason: FailureReason;
  readonly disposition: Disposition;
  readonly scope?: Failure["scope"];
}

/**
 * Reasons that use up no attempt: the tenant was busy, or nobody was judged. A 401 is none of them: where all of a call were refused the
 * circuit opens and nobody is judged, and one user alone is not tried for ever.
 */
const FREE: ReadonlySet<FailureReason> = new Set(["throttled", "mailbox-busy", "permission-missing"]);

export const RULES: readonly Rule[] = [
  { status: "envelope-throttled", reason: "throttled", disposition: "retry" },
  { status: "unreachable", reason: "no-answer", disposition: "retry" },
  { status: "none", operation: "mail", reason: "no-answer", disposition: "uncertain" },
  { status: "none", reason: "no-answer", disposition: "retry" },
  // The mailbox refused at its door, before a draft was made: nothing was sent, whatever else a 429 may mean.
  { status: 429, code: "ApplicationThrottled", operation: "mail", reason: "mailbox-busy", disposition: "retry" },
  // A step answered 429 may have been carried out (Microsoft Learn Q&A 5529013): "ensure" steps go again, a mail does not.
  { status: 429, operation: "mail", reason: "throttled", disposition: "uncertain" },
  { status: 429, reason: "throttled", disposition: "retry" },
  {
    status: 404,
    code: "ErrorInvalidUser",
    operation: "mail",
    reason: "sender-unusable",
    disposition: "retry",
    scope: "sender",
  },
  {
    status: 404,
    code: "MailboxNotEnabledForRESTAPI",
    operation: "mail",
    reason: "sender-unusable",
    disposition: "retry",
    scope: "sender",
  },
  {
    status: 403,
    code: "ErrorAccessDenied",
    operation: "mail",
    reason: "sender-unusable",
    disposition: "retry",
    scope: "sender",
  },
  {
    status: 403,
    code: "ErrorSendAsDenied",
    operation: "mail",
    reason: "sender-unusable",
    disposition: "retry",
    scope: "sender",
  },
  {
    status: 404,
    code: "Request_ResourceNotFound",
    operation: "mail",
    reason: "sender-unusable",
    disposition: "retry",
    scope: "sender",
  },
  { status: 404, code: "Request_ResourceNotFound", reason: "user-gone", disposition: "exclude" },
  {
    status: 403,
    code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    reason: "licence-missing",
    disposition: "fail",
  },
  { status: 401, reason: "token-refused", disposition: "retry", scope: "circuit" },
  { status: 403, reason: "protected-object", disposition: "fail", scope: "circuit" },
  { status: 409, reason: "concurrent-change", disposition: "retry" },
  { status: 412, reason: "concurrent-change", disposition: "retry" },
  { status: 424, reason: "graph-unavailable", disposition: "retry" },
  // The gateway gave up, or the client went away: as no answer at all.
  { status: 408, operation: "mail", reason: "no-answer", disposition: "uncertain" },
  { status: 499, operation: "mail", reason: "no-answer", disposition: "uncertain" },
  { status: 408, reason: "no-answer", disposition: "retry" },
  { status: 499, reason: "no-answer", disposition: "retry" },
  { status: 504, operation: "mail", reason: "no-answer", disposition: "uncertain" },
  { status: 504, reason: "no-answer", disposition: "retry" },
  { status: "5xx", operation: "mail", reason: "graph-unavailable", disposition: "uncertain" },
  { status: 501, reason: "bad-request", disposition: "fail" },
  { status: "5xx", reason: "graph-unavailable", disposition: "retry" },
  { status: 400, reason: "bad-request", disposition: "fail" },
  { status: 405, reason: "bad-request", disposition: "fail" },
  { status: "any", reason: "unclassified", disposition: "fail" },
];

/** Judges one answer. A 2xx is `done` only for the step that it answers; reading its body is the caller's part. */
export function classify(operation: Operation, answer: Answer): Verdict {
  if (answer.kind === "answered" && answer.status >= 200 && answer.status < 300) return { kind: "done" };
  const rule = RULES.find((candidate) => matches(candidate, operation, answer));
  const { reason, disposition, scope } = rule ?? { reason: "unclassified", disposition: "fail", scope: "user" };
  const retryAfterMs = answer.kind === "none" ? 0 : answer.retryAfterMs;
  return {
    kind: "failed",
    failure: { reason, disposition, countsAttempt: !FREE.has(reason), scope: scope ?? "user", retryAfterMs },
  };
}

function matches(rule: Rule, operation: Operation, answer: Answer): boolean {
  if (rule.operation !== undefined && rule.operation !== operation) return false;
  if (rule.status === "any") return true;
  if (answer.kind !== "answered") return rule.status === answer.kind;
  if (rule.code !== undefined && rule.code !== answer.code) return false;
  return rule.status === "5xx" ? answer.status >= 500 && answer.status < 600 : rule.status === answer.status;
}

/** True if the call says nothing about its users: every answered step was 401 or 403. */
export function isCircuitOpen(failures: readonly (Failure | "done" | "unanswered")[]): boolean {
  const answered = failures.filter((failure) => failure !== "unanswered");
  return answered.length > 0 && answered.every((failure) => failure !== "done" && failure.scope === "circuit");
}
