// Bugs that are planted one at a time: each is one place of the source, written otherwise. A simulation that was never shown a bug proves
// nothing; `npm run simulate -- --mutants` shows that it finds each of these, and after how many seeds.

export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly put: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "a call's success is taken as that of all its steps",
    file: "shared/pipeline/judge.ts",
    find: `const verdict = classify(operation, answers[index] ?? { kind: "none" });`,
    put: `const best = answers.find((answer) => answer.kind === "answered" && answer.status < 300);
    const verdict = classify(operation, best ?? answers[index] ?? { kind: "none" });`,
  },
  {
    name: "a missing step is taken as success",
    file: "shared/domain/failure.ts",
    find: `if (answer.kind === "answered" && answer.status >= 200`,
    put: `if (answer.kind === "none") return { kind: "done" };
  if (answer.kind === "answered" && answer.status >= 200`,
  },
  {
    name: "no grace is waited for",
    file: "shared/domain/decide.ts",
    find: `return Math.max(state.enforceAfter, state.toldAt + policy.leastNoticeMs);`,
    put: `return Math.min(state.enforceAfter, state.toldAt + policy.leastNoticeMs);`,
  },
  {
    name: "the grace is that of the first notice of the batch",
    file: "shared/pipeline/notify-batch.ts",
    find: `const enforceAfter = calendar.nextSlot(earliestDeadline(now, sheet.policy));`,
    put: `const enforceAfter = Math.min(
    calendar.nextSlot(earliestDeadline(now, sheet.policy)),
    ...sheet.enrollments.flatMap(({ state }) => (state.phase === "notified" ? [state.enforceAfter] : [])),
  );`,
  },
  {
    name: "no margin for clocks that are off",
    file: "shared/domain/deadline.ts",
    find: `return claimedAt + CLAIM_MS + policy.graceMs + CLOCK_MARGIN_MS;`,
    put: `return claimedAt + policy.graceMs + 0 * CLOCK_MARGIN_MS;`,
  },
  {
    name: "registration is not looked at before enforcing",
    file: "shared/domain/decide.ts",
    find: `  const look = nextLook(registration, state, policy);`,
    put: `  if (now > 0) return act({ kind: "set-state", mfaState: "enforced" });
  const look = nextLook(registration, state, policy);`,
  },
  {
    name: "the guard is not read again before a call",
    file: "shared/pipeline/guard.ts",
    find: `if (this.#deps.clock.now() - this.#readAt > GUARD_MAX_AGE_MS) {`,
    put: `if (this.#deps.clock.now() - this.#readAt > 1e9 * GUARD_MAX_AGE_MS) {`,
  },
  {
    name: "a retry brings back who was excluded",
    file: "shared/domain/transition.ts",
    find: `return from.state.phase === "failed"
        ? comeBack`,
    put: `return from.state.phase === "failed" || from.state.phase === "excluded"
        ? comeBack`,
  },
  {
    name: "the last writer wins",
    file: "shared/tables/table-batch-store.ts",
    find: `{ kind: "replace", row: headerKey(batch.address.batch), columns: headerColumns, etag: batch.etag },`,
    put: `{ kind: "upsert", row: headerKey(batch.address.batch), columns: headerColumns },`,
  },
  {
    name: "the header is read after the rows",
    file: "shared/tables/table-batch-store.ts",
    find: `const rows = await queryAll(this.#table, partition, rangeOf(\`u_\${headerKey(batch).slice(2)}_\`));
    return this.#assemble(address, header,`,
    put: `const rows = await queryAll(this.#table, partition, rangeOf(\`u_\${headerKey(batch).slice(2)}_\`));
    const late = await this.#table.get(partition, headerKey(batch));
    return this.#assemble(address, late ?? header,`,
  },
  {
    name: "a mail leaves before its claim is saved",
    file: "shared/pipeline/notify-batch.ts",
    find: `  await saveSheet(deps, sheet, { actor: "worker", cause: "notify: claimed", nudgeAt: 0 });

  await sendNotices(deps, work, claimed);`,
    put: `  await sendNotices(deps, work, claimed);
  await saveSheet(deps, sheet, { actor: "worker", cause: "notify: claimed", nudgeAt: 0 });`,
  },
  {
    name: "a claim that ended is sent again",
    file: "shared/domain/decide.ts",
    find: `? settle({ kind: "notice-uncertain", notice: claim.notice, at: now })
      : wait(claim.expiresAt);`,
    put: `? settle({
          kind: "step-failed",
          step: "notify",
          failure: { reason: "no-answer", disposition: "retry", countsAttempt: false, scope: "user", retryAfterMs: 0 },
          at: now,
          notBefore: now,
          notice: claim.notice,
        })
      : wait(claim.expiresAt);`,
  },
  {
    name: "a mail may leave after its claim has ended",
    file: "shared/domain/deadline.ts",
    find: `return now <= claimExpiresAt - HTTP_CALL_MS;`,
    put: `return now <= claimExpiresAt + 1e9 * HTTP_CALL_MS;`,
  },
  {
    name: "a mail whose answer is lost is sent again",
    file: "shared/domain/failure.ts",
    find: `{ status: "none", operation: "mail", reason: "no-answer", disposition: "uncertain" },`,
    put: `{ status: "none", operation: "mail", reason: "no-answer", disposition: "retry" },`,
  },
  {
    name: "a pause is seen by the planner only",
    file: "shared/domain/control.ts",
    find: `if (stop !== null) return { kind: "refused", because: \`paused by \${stop.by}: \${stop.because}\` };`,
    put: `if (stop !== null && stop.at === 0) return { kind: "refused", because: stop.by };`,
  },
  {
    name: "the journal is written apart from its rows",
    file: "shared/tables/table-batch-store.ts",
    find: `      { kind: "create", row: journalKey(batch.address.batch, entry.seq), columns: formatJournal(entry) },
    ]);
    return this.#remember(`,
    put: `    ]);
    await this.#table.transact(partitionOf(batch.address), [
      { kind: "create", row: journalKey(batch.address.batch, entry.seq), columns: formatJournal(entry) },
    ]);
    return this.#remember(`,
  },
  {
    name: "a lost message is never found again",
    file: "shared/domain/release.ts",
    find: `else if (now < entry.at + STALLED_AFTER_MS &&`,
    put: `else if (now < entry.at + 1e6 * STALLED_AFTER_MS &&`,
  },
  {
    name: "attempts are never used up",
    file: "shared/domain/fail-step.ts",
    find: `if (attempt > policy.retry.attemptsMax) return fail`,
    put: `if (attempt > 1e9 * policy.retry.attemptsMax) return fail`,
  },
  {
    name: "a throttled try uses up an attempt",
    file: "shared/domain/failure.ts",
    find: `const FREE: ReadonlySet<FailureReason> = new Set(["throttled", "mailbox-busy", "permission-missing"]);`,
    put: `const FREE: ReadonlySet<FailureReason> = new Set(["permission-missing"]);`,
  },
  {
    name: "who is gone is tried again",
    file: "shared/domain/failure.ts",
    find: `{ status: 404, code: "Request_ResourceNotFound", reason: "user-gone", disposition: "exclude" },`,
    put: `{ status: 404, code: "Request_ResourceNotFound", reason: "user-gone", disposition: "retry" },`,
  },
  {
    name: "a rest that Graph asked for is not kept",
    file: "shared/domain/control.ts",
    find: `return notBefore > ask.now ? { kind: "later", notBefore } : { kind: "allowed", rollout };`,
    put: `return notBefore > 1e9 * ask.now ? { kind: "later", notBefore } : { kind: "allowed", rollout };`,
  },
  {
    name: "a lost permission is taken as each user's own failure",
    file: "shared/domain/failure.ts",
    find: `return answered.length > 0 && answered.every(`,
    put: `return answered.length > 1e9 && answered.every(`,
  },
  {
    name: "what the tenant did is dropped when somebody else saved",
    file: "shared/pipeline/save-batch.ts",
    find: `for (const { slot, event } of events) current.apply(slot, event);`,
    put: `void events;`,
  },
];
