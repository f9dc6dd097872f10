// The largest rows that the product's own limits allow fit a table, and what would not fit is refused before a request leaves.
import { describe, expect, it } from "vitest";
import * as batch from "../../../shared/codec/batch-rows.ts";
import { formatLongText } from "../../../shared/codec/columns.ts";
import { formatControl, formatLedger } from "../../../shared/codec/control-rows.ts";
import { formatEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import { measureEntity, TRANSACTION_BYTES_MAX } from "../../../shared/codec/entity-limits.ts";
import { formatGate } from "../../../shared/codec/rollout-rows.ts";
import { formatLetter, formatPerson, formatRegistrations } from "../../../shared/codec/user-rows.ts";
import { LEVEL, NEW_CONTROL } from "../../../shared/domain/control.ts";
import type { Enrollment, NoticeRecord } from "../../../shared/domain/enrollment.ts";
import { PHASES } from "../../../shared/domain/enrollment.ts";
import { FAILURE_REASONS } from "../../../shared/domain/failure.ts";
import { FAR_FUTURE } from "../../../shared/domain/instant.ts";
import type { JournalEntry } from "../../../shared/domain/journal.ts";
import { newLedger } from "../../../shared/domain/ledger.ts";
import { FOLLOW_UPS_MAX } from "../../../shared/domain/policy.ts";
import type { RegistrationValue } from "../../../shared/domain/registration.ts";
import { BATCH_SIZE } from "../../../shared/domain/slice.ts";
import { aHeader, anEnrollment, aPolicy, openClaim, T0, USER } from "../../support/builders.ts";

const ENTITY_BYTES = 1_048_576;
const LONGEST_ID = "r".repeat(40);
const PARTITION = batch.partitionOf({ rollout: LONGEST_ID, wave: LONGEST_ID, batch: 99_999 });
/** What JSON writes as six characters each: no text of 500 characters takes more room. */
const LONGEST_REASON = "\u0001".repeat(500);
const NUMBER_MAX = 2 ** 31 - 1;

function record(notice: NoticeRecord["notice"]): NoticeRecord {
  return { notice, outcome: "uncertain", at: T0, enforceAfter: FAR_FUTURE };
}

/** Every notice and follow-up of a first round and of so many methods resets. */
function notices(resets: number): readonly NoticeRecord[] {
  const followUps = Array.from({ length: FOLLOW_UPS_MAX * (resets + 1) }, (_, n) => record(`follow-up-${n + 1}`));
  const reset = Array.from({ length: resets }, (_, n) => record(`methods-reset-${n + 1}`));
  return [record("first-notice"), ...followUps, ...reset];
}

/** All columns that a row can have at once, each as long as it gets. */
function largestRow(records: readonly NoticeRecord[]): Enrollment {
  const was = { phase: "enabled", enabledAt: T0, notice: "methods-reset-999999" } as const;
  const claim = openClaim("methods-reset-999999", T0);
  return anEnrollment({
    state: { phase: "held", was, reason: LONGEST_REASON, owner: "o".repeat(256), at: T0, until: FAR_FUTURE },
    prior: { kind: "observed", mfaState: "disabled", at: T0 },
    written: "enforced",
    registration: { value: "unknown", at: T0 },
    attempt: NUMBER_MAX,
    notBefore: FAR_FUTURE,
    claim: claim.kind === "open" ? { ...claim, sender: "s".repeat(320) } : claim,
    notices: records,
    reverts: NUMBER_MAX,
  });
}

/** The entry of a save that writes each row of a batch anew. */
function entryOf(row: Enrollment): JournalEntry {
  const changes = Array.from({ length: BATCH_SIZE }, (_, slot) => batch.diffColumns(slot, {}, formatEnrollment(row)));
  const hash = "f".repeat(64);
  const names = { commitId: "c".repeat(36), actor: "a".repeat(256), cause: LONGEST_REASON };
  return { ...names, seq: 99_999_999, at: T0, changes, previousHash: hash, hash };
}

const measureRow = (row: Enrollment): number =>
  measureEntity(PARTITION, batch.rowKey(99_999, 39), formatEnrollment(row));
const measureEntry = (row: Enrollment): number =>
  measureEntity(PARTITION, batch.journalKey(99_999, 99_999_999), batch.formatJournal(entryOf(row)));

describe("the largest batch fits", () => {
  const row = largestRow(notices(3));
  const phases = Object.fromEntries(PHASES.map((phase) => [phase, NUMBER_MAX]));
  const step = { at: FAR_FUTURE, count: NUMBER_MAX, writes: NUMBER_MAX };
  const header = aHeader({
    seq: NUMBER_MAX,
    writes: NUMBER_MAX,
    nudgeAt: FAR_FUTURE,
    chain: "f".repeat(64),
    phases: { ...aHeader().phases, ...phases },
    due: { enable: step, notify: step, enforce: step, restore: step },
    failures: Object.fromEntries(FAILURE_REASONS.map((reason) => [reason, NUMBER_MAX])),
    notices: { sent: NUMBER_MAX, uncertain: NUMBER_MAX },
  });
  const headerBytes = measureEntity(PARTITION, batch.headerKey(99_999), batch.formatHeader(header));

  it("in an entity each for header, rows and journal entry, with every notice of three methods resets", () => {
    expect(headerBytes).toBeLessThan(10_000);
    expect(measureRow(row)).toBeLessThan(65_536);
    expect(measureEntry(row)).toBeLessThan(ENTITY_BYTES);
    // The entry is worth the measuring: it needs several columns, since one holds 32 Ki units.
    expect(Object.keys(batch.formatJournal(entryOf(row)))).toContain("changes4");
  });

  it("in one transaction", () => {
    const bytes = headerBytes + BATCH_SIZE * measureRow(row) + measureEntry(row);
    expect(bytes).toBeLessThan(TRANSACTION_BYTES_MAX);
  });

  it("but not for ever: a journal entry over 1 MiB is refused by its key and size, though each row fits", () => {
    const swollen = largestRow(notices(40));
    expect(measureRow(swollen)).toBeLessThan(ENTITY_BYTES);
    expect(() => measureEntry(swollen)).toThrow(/^j_99999_99999999 has \d{7} bytes, at most 1048576 fit$/);
  });

  it("but not for ever: a row with more notices than a column holds is refused by its column and length", () => {
    const swollen = largestRow(notices(70));
    expect(() => measureRow(swollen)).toThrow(/^u_99999_39\.notices has \d{5} characters, at most 32768 fit$/);
  });

  it("but not with any text: a reason over 32 Ki units is refused by its column and length", () => {
    const state = { phase: "excluded", was: { phase: "queued" }, at: T0 } as const;
    const withReason = (length: number) => anEnrollment({ state: { ...state, reason: "r".repeat(length) } });
    expect(measureRow(withReason(32_768))).toBeGreaterThan(65_536);
    expect(() => measureRow(withReason(32_769))).toThrow("u_99999_39.reason has 32769 characters, at most 32768 fit");
  });
});

describe("the other rows", () => {
  it("a snapshot row of 9,000 users fits, as the store reckons", () => {
    const users = Array.from({ length: 9_000 }, (_, n): [string, RegistrationValue] => [
      `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
      "usable",
    ]);
    const columns = { v: 1, ...formatLongText("text", formatRegistrations(new Map(users))) };
    expect(Object.keys(columns)).toHaveLength(11);
    expect(measureEntity("contoso", "a_0000", columns)).toBeLessThan(ENTITY_BYTES);
  });

  it("a dead letter fits whatever came: neither the body nor the reason is of our making", () => {
    const text = "👩".repeat(500_000);
    const letter = { rollout: null, at: T0, queue: "mfa-notify", body: text, reason: text, deliveryCount: 10 };
    expect(measureEntity("_unknown", "key", formatLetter({ ...letter, messageId: "m".repeat(128) }))).toBeLessThan(
      ENTITY_BYTES,
    );
  });

  it("a gate result and a person hold a text of one column, and a longer one is refused by its column", () => {
    const gate = { wave: LONGEST_ID, gate: "pause", result: "closed", nextLook: T0, at: T0 } as const;
    const person = { userPrincipalName: "u", mail: "m", language: "en" };
    const [fits, over] = ["x".repeat(32_768), "x".repeat(32_769)];
    expect(() => measureEntity("p", "gate", formatGate({ ...gate, because: fits }))).not.toThrow();
    expect(() => measureEntity("p", "gate", formatGate({ ...gate, because: over }))).toThrow("gate.because has 32769");
    expect(() => measureEntity("p", USER, formatPerson({ ...person, displayName: fits }))).not.toThrow();
    expect(() => measureEntity("p", USER, formatPerson({ ...person, displayName: over }))).toThrow(
      `${USER}.displayName has 32769 characters`,
    );
  });

  it("a ledger holds a thousand unfinished releases; what is over 1 MiB is refused by its size", () => {
    const grant = [1, 2].map(() => ({ sender: "s".repeat(36), count: BATCH_SIZE }));
    const address = { rollout: "pilot-contoso", wave: "everybody", batch: 99_999, step: "notify" } as const;
    const entry = { ...address, seq: 9_999, at: T0, writes: 80, writesBefore: 99_999, grant };
    const budget = { graphCapacity: 2_940, graphPerSecond: 19.6, mailsPerMinute: 30, mailsPerDay: 10_000 };
    const measure = (entries: number): number =>
      measureEntity(
        "contoso",
        "ledger",
        formatLedger({ ...newLedger(budget, T0), entries: Array.from({ length: entries }, () => entry) }),
      );
    expect(measure(1_000)).toBeLessThan(ENTITY_BYTES);
    expect(() => measure(4_000)).toThrow(/^ledger has \d{7} bytes, at most 1048576 fit$/);
  });

  it("a control row holds a hundred rollouts with five stops each; what is over 1 MiB is refused by its size", () => {
    const stop = { wave: LONGEST_ID, because: "b".repeat(500), by: "o".repeat(100), at: T0 };
    const pilot = { id: LONGEST_ID, policy: aPolicy(), timeZone: "Europe/Berlin", helpContact: "h".repeat(200) };
    const full = { ...pilot, breakGlass: [USER, USER], stops: Array.from({ length: 5 }, () => stop) };
    const measure = (rollouts: number): number =>
      measureEntity(
        "contoso",
        "control",
        formatControl({ ...NEW_CONTROL, level: LEVEL, rollouts: Array.from({ length: rollouts }, () => full) }),
      );
    expect(measure(100)).toBeLessThan(ENTITY_BYTES);
    expect(() => measure(1_000)).toThrow(/^control has \d{7} bytes, at most 1048576 fit$/);
  });
});

describe("what Azure would refuse or change in silence is said before a request leaves", () => {
  it.each([
    ["a key with a slash", "a/b", "no key of a table"],
    ["a key with a question mark", "a?b", "no key of a table"],
    ["an empty key", "", "no key of a table"],
    ["a key with a line break", "a\n", "no key of a table"],
    ["a key of 513 characters", "a".repeat(513), "no key of a table"],
  ])("%s", (_, key, says) => {
    expect(() => measureEntity(key, "row", {})).toThrow(says);
    expect(() => measureEntity("partition", key, {})).toThrow(says);
  });

  it.each([
    ["a column with a dash", { "a-b": 1 }, "no name of a column: a-b"],
    ["a column that begins with a digit", { "1a": 1 }, "no name of a column: 1a"],
    ["a column of the table's own", { Timestamp: 1 }, "no name of a column: Timestamp"],
    ["a column under which the SDK keeps the tag", { etag: "x" }, "no name of a column: etag"],
    ["a column of 256 characters", { ["a".repeat(256)]: 1 }, "no name of a column"],
    ["a fraction", { rate: 0.5 }, "row.rate is no small whole number"],
    ["a number of 32 bits", { at: 2 ** 31 }, "row.at is no small whole number"],
    ["an instant as a number", { at: T0 }, "row.at is no small whole number"],
    ["no number", { at: Number.NaN }, "row.at is no small whole number"],
    ["a number without end", { at: -Infinity }, "row.at is no small whole number"],
  ])("%s", (_, columns, says) => {
    expect(() => measureEntity("partition", "row", columns)).toThrow(says);
  });

  it("more than 252 columns", () => {
    const columns = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`c${n}`, true]));
    expect(measureEntity("partition", "row", columns(252))).toBeGreaterThan(0);
    expect(() => measureEntity("partition", "row", columns(253))).toThrow("row has 253 columns, at most 252 fit");
  });

  it("counts as Azure does: 4 and the keys, then 8, the name and the value of each column, two bytes a unit", () => {
    expect(measureEntity("pp", "r", {})).toBe(4 + 2 * 3);
    expect(measureEntity("pp", "r", { a: true, bc: 7, d: "text" })).toBe(10 + (8 + 2 + 1) + (8 + 4 + 4) + (8 + 2 + 12));
    expect(measureEntity("pp", "r", { d: "👩" })).toBe(10 + 8 + 2 + 4 + 4);
  });
});
