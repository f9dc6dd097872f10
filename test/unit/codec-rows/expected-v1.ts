// What the larger samples of version 1 mean, written out by hand and never by the formatter.
import type { Control } from "../../../shared/domain/control.ts";
import type { Header } from "../../../shared/domain/header.ts";
import type { JournalEntry } from "../../../shared/domain/journal.ts";
import type { Ledger } from "../../../shared/domain/ledger.ts";
import type { Rollout, Wave } from "../../../shared/domain/rollout.ts";

export const T0 = Date.UTC(2026, 2, 2, 8);
export const FAR = Date.UTC(9999, 11, 31);
const NOTHING = { at: FAR, count: 0, writes: 0 };
/** March 2026, UTC. */
export const on = (day: number, hour: number, minute = 0, second = 0): number =>
  Date.UTC(2026, 2, day, hour, minute, second);

export const HEADERS: Readonly<Record<string, Header>> = {
  "in the middle of a rollout": {
    seq: 12,
    writes: 57,
    nudgeAt: on(10, 9, 5),
    chain: "3f9a",
    phases: {
      queued: 0,
      enabled: 3,
      notified: 30,
      enforced: 5,
      failed: 2,
      excluded: 0,
      held: 0,
      restoring: 0,
      restored: 0,
    },
    due: {
      enable: NOTHING,
      notify: { at: on(4, 9), count: 3, writes: 3 },
      enforce: { at: on(10, 9), count: 30, writes: 60 },
      restore: NOTHING,
    },
    failures: { "not-registered": 1, "licence-missing": 1 },
    notices: { sent: 36, uncertain: 2 },
  },
  "just applied": {
    seq: 1,
    writes: 0,
    nudgeAt: 0,
    chain: "a1b2",
    phases: {
      queued: 40,
      enabled: 0,
      notified: 0,
      enforced: 0,
      failed: 0,
      excluded: 0,
      held: 0,
      restoring: 0,
      restored: 0,
    },
    due: { enable: { at: 0, count: 40, writes: 40 }, notify: NOTHING, enforce: NOTHING, restore: NOTHING },
    failures: {},
    notices: { sent: 0, uncertain: 0 },
  },
};

export const JOURNAL: Readonly<Record<string, JournalEntry>> = {
  "in one column": {
    seq: 2,
    commitId: "c-0002",
    at: on(2, 9, 0, 3),
    actor: "automation",
    cause: "notify",
    changes: [],
    previousHash: "a1b2",
    hash: "c3d4",
  },
  "in two columns": {
    seq: 3,
    commitId: "c-0003",
    at: on(2, 9, 0, 4),
    actor: "Dana",
    cause: "exclude",
    changes: [
      {
        slot: 3,
        columns: { phase: "notified", toldAt: "2026-03-02T09:00:00.000Z", claimNotice: "", attempt: 1 },
      },
      { slot: 39, columns: { phase: "excluded", reason: 'it\'s "so"', flag: true } },
    ],
    previousHash: "c3d4",
    hash: "e5f6",
  },
};

const BREAK_GLASS = ["00000000-0000-4000-8000-000000000091", "00000000-0000-4000-8000-000000000092"];

export const CONTROL: Control = {
  level: 1,
  notBefore: { "graph-write": T0 + 60_000, "graph-read": 0, mail: 0, reports: 0 },
  throttledAt: T0,
  reportAt: on(2, 7),
  rollouts: [
    {
      id: "pilot",
      policy: {
        graceMs: 604_800_000,
        leastNoticeMs: 259_200_000,
        unregisteredWaitMs: 1_209_600_000,
        unregisteredThen: "exclude",
        unregisteredReason: "agreed in CHG-2",
        registered: "deferred",
        retry: { baseMs: 2_000, capMs: 300_000, attemptsMax: 8 },
      },
      timeZone: "Europe/Berlin",
      helpContact: "your IT helpdesk",
      breakGlass: BREAK_GLASS,
      stops: [
        { wave: "*", because: "help desk is full", by: "Dana", at: T0 },
        { wave: "second", because: "many reverts", by: "automation", at: T0 + 1 },
      ],
    },
  ],
};

export const LEDGER: Ledger = {
  graph: { capacity: 2_940, ratePerSecond: 19.6, tokens: -12.5, at: T0 },
  loweredAt: T0 - 60_000,
  senders: [
    {
      sender: "mfa@contoso.example",
      minute: { capacity: 30, ratePerSecond: 0.5, tokens: 29.25, at: T0 },
      day: { perDay: 10_000, hours: [{ hour: 492_344, count: 120 }] },
    },
  ],
  entries: [
    {
      rollout: "pilot",
      wave: "first",
      batch: 7,
      step: "notify",
      seq: 12,
      at: T0 + 2_000,
      writes: 0,
      writesBefore: 57,
      grant: [{ sender: "mfa@contoso.example", count: 30 }],
    },
    {
      rollout: "pilot",
      wave: "first",
      batch: 8,
      step: "enforce",
      seq: 4,
      at: T0,
      writes: 80,
      writesBefore: 40,
      grant: [],
    },
  ],
  releases: 513,
  wakeAt: 0,
};

export const ROLLOUTS: Readonly<Record<string, Rollout>> = {
  active: {
    id: "pilot",
    status: "active",
    appliedAt: on(2, 7, 30),
    users: 1_200,
    soakMs: 31_536_000_000,
    breakGlass: BREAK_GLASS,
    senders: ["mfa@contoso.example"],
    breakGlassCheck: { at: on(2, 7), valid: true, because: "2 of 2 accounts are usable" },
  },
  "never looked at": {
    id: "next",
    status: "draft",
    appliedAt: 0,
    users: 0,
    soakMs: 0,
    breakGlass: [],
    senders: [],
    breakGlassCheck: { at: 0, valid: false, because: "not looked at yet" },
  },
};

export const WAVES: Readonly<Record<string, Wave>> = {
  open: {
    id: "first",
    index: 0,
    status: "open",
    startAt: T0,
    users: 1_200,
    batches: 30,
    openedAt: on(2, 8, 0, 10),
    launchedAt: 0,
    doneAt: 0,
  },
  done: {
    id: "second",
    index: 1,
    status: "done",
    startAt: on(9, 8),
    users: 40,
    batches: 1,
    openedAt: on(9, 8, 0, 10),
    launchedAt: on(9, 12),
    doneAt: on(19, 12),
  },
};
