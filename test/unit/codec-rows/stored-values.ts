// Generated values of every stored kind but the enrollment, whose generators are in test/support.
import * as fc from "fast-check";
import type { Control, RolloutControl } from "../../../shared/domain/control.ts";
import { LEVEL } from "../../../shared/domain/control.ts";
import { FAILURE_REASONS } from "../../../shared/domain/failure.ts";
import { PHASES } from "../../../shared/domain/enrollment.ts";
import type { Phase } from "../../../shared/domain/enrollment.ts";
import { emptyPhases, NOTHING_DUE } from "../../../shared/domain/header.ts";
import type { Header, StepDue } from "../../../shared/domain/header.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import type { JournalChange, JournalEntry } from "../../../shared/domain/journal.ts";
import type { Ledger } from "../../../shared/domain/ledger.ts";
import { STEPS } from "../../../shared/domain/names.ts";
import type { Grant } from "../../../shared/domain/nudge.ts";
import type { WaveProgress } from "../../../shared/domain/progress.ts";
import { formatEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import { diffColumns } from "../../../shared/codec/batch-rows.ts";
import { anyInstant, anyPolicy, enrollmentIn } from "../../support/arbitraries.ts";
import { anyId, anyText, anyTextUpTo } from "./texts.ts";

/** A number column holds what is below 2^31 (entity-limits.ts). */
export const anyCount: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 0, 1, 40, 2 ** 31 - 1),
  fc.integer({ min: 0, max: 500_000 }),
);

/** 0 = never, in many columns. */
export const anyTimeOrNever: fc.Arbitrary<Instant> = fc.oneof(fc.constant(0), anyInstant);

const anyPhases: fc.Arbitrary<Record<Phase, number>> = fc
  .array(anyCount, { minLength: PHASES.length, maxLength: PHASES.length })
  .map((counts) => {
    const phases = emptyPhases();
    for (const [index, phase] of PHASES.entries()) phases[phase] = counts[index] ?? 0;
    return phases;
  });

/** The names that every object has from birth must be names like all others. */
const anyFailures: fc.Arbitrary<Record<string, number>> = fc.dictionary(
  fc.constantFrom(...FAILURE_REASONS, "constructor", "toString"),
  anyCount,
  { noNullPrototype: true, maxKeys: 6 },
);

const anyStepDue: fc.Arbitrary<StepDue> = fc.oneof(
  fc.constant(NOTHING_DUE),
  fc.record({ at: anyTimeOrNever, count: anyCount, writes: anyCount }),
);

export const anyHeader: fc.Arbitrary<Header> = fc.record({
  seq: anyCount,
  phases: fc.oneof(anyPhases, fc.constant(emptyPhases())),
  due: fc.record({ enable: anyStepDue, notify: anyStepDue, enforce: anyStepDue, restore: anyStepDue }),
  failures: anyFailures,
  notices: fc.record({ sent: anyCount, uncertain: anyCount }),
  writes: anyCount,
  nudgeAt: anyTimeOrNever,
  chain: anyText,
});

const anyEnrollment = fc.oneof(...PHASES.map(enrollmentIn));

/** What a save of one row writes down: from nothing (apply), or from another state of the row. */
const anyRealChange: fc.Arbitrary<JournalChange> = fc
  .tuple(fc.nat(39), fc.option(anyEnrollment), anyEnrollment)
  .map(([slot, before, after]) =>
    diffColumns(slot, before === null ? {} : formatEnrollment(before), formatEnrollment(after)),
  );

/** Columns that a newer version may bring, with texts that need more than one column together. */
const anyForeignChange: fc.Arbitrary<JournalChange> = fc
  .tuple(fc.nat(39), anyTextUpTo(32_768), fc.boolean(), anyCount)
  .map(([slot, note, flag, number]) => ({ slot, columns: { note, flag, number, gone: "" } }));

export const anyJournalEntry: fc.Arbitrary<JournalEntry> = fc.record({
  seq: anyCount,
  commitId: anyText,
  at: anyInstant,
  actor: anyText,
  cause: anyText,
  changes: fc.array(fc.oneof(anyRealChange, anyForeignChange), { maxLength: 6 }),
  previousHash: anyText,
  hash: anyText,
});

const anyRolloutControl: fc.Arbitrary<RolloutControl> = fc.record({
  id: anyId,
  policy: anyPolicy,
  timeZone: fc.constantFrom("UTC", "Europe/Berlin"),
  helpContact: anyText,
  breakGlass: fc.array(fc.uuid(), { maxLength: 3 }),
  stops: fc.array(
    fc.record({
      wave: fc.oneof(fc.constant("*"), anyId),
      because: fc.oneof(anyText, anyTextUpTo(40_000)),
      by: fc.oneof(fc.constant("automation"), anyText),
      at: anyInstant,
    }),
    { maxLength: 3 },
  ),
});

export const anyControl: fc.Arbitrary<Control> = fc.record({
  level: fc.constantFrom(0, LEVEL),
  notBefore: fc.record({
    "graph-write": anyTimeOrNever,
    "graph-read": anyTimeOrNever,
    mail: anyTimeOrNever,
    reports: anyTimeOrNever,
  }),
  throttledAt: anyTimeOrNever,
  reportAt: anyTimeOrNever,
  rollouts: fc.array(anyRolloutControl, { maxLength: 3 }),
});

/** Tokens are earned by the fraction, and may be owed. JSON has no -0, and no bucket needs one. */
const anyBucket = fc.record({
  capacity: fc.integer({ min: 0, max: 3_000 }),
  ratePerSecond: fc.double({ min: 0.5, max: 50, noNaN: true }),
  tokens: fc.double({ min: -500, max: 3_000, noNaN: true }).map((tokens) => tokens + 0),
  at: anyInstant,
});

export const anyGrant: fc.Arbitrary<readonly Grant[]> = fc.array(
  fc.record({
    sender: fc.oneof(
      fc.uuid(),
      anyText.filter((text) => text !== ""),
    ),
    count: fc.integer({ min: 1, max: 40 }),
  }),
  { maxLength: 3 },
);

const anyLedgerEntry = fc.record({
  rollout: anyId,
  wave: anyId,
  batch: anyCount,
  step: fc.constantFrom(...STEPS),
  seq: anyCount,
  at: anyTimeOrNever,
  writes: anyCount,
  writesBefore: anyCount,
  grant: anyGrant,
});

/** Up to a few hundred entries: about two hundred fill the first column. */
const anyLedgerEntries = fc
  .tuple(fc.array(anyLedgerEntry, { maxLength: 4 }), fc.constantFrom(1, 1, 100, 300))
  .map(([entries, times]) => Array.from({ length: times }, () => entries).flat());

export const anyLedger: fc.Arbitrary<Ledger> = fc.record({
  graph: anyBucket,
  loweredAt: anyTimeOrNever,
  senders: fc.array(
    fc.record({
      sender: fc.oneof(fc.uuid(), anyText),
      minute: anyBucket,
      day: fc.record({
        perDay: anyCount,
        hours: fc.array(fc.record({ hour: anyCount, count: anyCount }), { maxLength: 24 }),
      }),
    }),
    { maxLength: 3 },
  ),
  entries: anyLedgerEntries,
  releases: anyCount,
  wakeAt: anyTimeOrNever,
});

export const anyProgress: fc.Arbitrary<WaveProgress> = fc.record({
  wave: anyId,
  phases: anyPhases,
  failures: anyFailures,
  notices: fc.record({ sent: anyCount, uncertain: anyCount }),
});
