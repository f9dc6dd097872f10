// Enrollment rows of version 1 and what they mean: one of each phase, written out by hand and never by the formatter.
import { expect, it } from "vitest";
import { parseEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { PHASES } from "../../../shared/domain/enrollment.ts";
import { sampleOf, samplesOf } from "./samples.ts";

/** March 2026, UTC. */
const on = (day: number, hour: number, minute = 0, second = 0): number => Date.UTC(2026, 2, day, hour, minute, second);
const user = (n: number): string => `00000000-0000-4000-8000-0000000000${String(n).padStart(2, "0")}`;

const NEVER_LOOKED = { value: "unknown", at: 0 } as const;
const NO_CLAIM = { kind: "none" } as const;
const WAS_DISABLED = { kind: "observed", mfaState: "disabled", at: on(2, 8) } as const;
const FIRST_SENT = { notice: "first-notice", outcome: "sent", at: on(2, 9), enforceAfter: on(10, 9) } as const;
const TOLD = { toldAt: on(2, 9), enforceAfter: on(10, 9) } as const;

const EXPECTED: Readonly<Record<string, Enrollment>> = {
  queued: {
    userId: user(1),
    state: { phase: "queued" },
    prior: { kind: "unobserved" },
    written: "nothing",
    registration: NEVER_LOOKED,
    attempt: 1,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [],
    reverts: 0,
  },
  enabled: {
    userId: user(2),
    state: { phase: "enabled", enabledAt: on(2, 8, 0, 1), notice: "follow-up-2" },
    prior: WAS_DISABLED,
    written: "enabled",
    registration: { value: "none", at: on(2, 7) },
    attempt: 1,
    notBefore: on(4, 9),
    claim: {
      kind: "open",
      notice: "follow-up-2",
      sender: "mfa@contoso.example",
      claimedAt: on(4, 9),
      expiresAt: on(4, 9, 15),
      enforceAfter: on(12, 10),
    },
    notices: [
      { notice: "first-notice", outcome: "uncertain", at: on(2, 9), enforceAfter: on(10, 9) },
      { notice: "follow-up-1", outcome: "uncertain", at: on(3, 9), enforceAfter: on(11, 10) },
    ],
    reverts: 0,
  },
  notified: {
    userId: user(3),
    state: { phase: "notified", ...TOLD },
    prior: WAS_DISABLED,
    written: "enabled",
    registration: { value: "usable", at: on(9, 7) },
    attempt: 3,
    notBefore: on(10, 9, 5),
    claim: NO_CLAIM,
    notices: [FIRST_SENT],
    reverts: 0,
  },
  enforced: {
    userId: user(4),
    state: { phase: "enforced", enforcedAt: on(10, 9, 0, 2), how: "written", told: { kind: "told", ...TOLD } },
    prior: WAS_DISABLED,
    written: "enforced",
    registration: { value: "usable", at: on(9, 7) },
    attempt: 1,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [FIRST_SENT],
    reverts: 1,
  },
  "enforced before the rollout": {
    userId: user(5),
    state: { phase: "enforced", enforcedAt: on(2, 8), how: "found", told: { kind: "not-told" } },
    prior: { kind: "observed", mfaState: "enforced", at: on(2, 8) },
    written: "nothing",
    registration: NEVER_LOOKED,
    attempt: 1,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [],
    reverts: 0,
  },
  failed: {
    userId: user(6),
    state: { phase: "failed", was: { phase: "notified", ...TOLD }, reason: "not-registered", at: on(24, 9) },
    prior: WAS_DISABLED,
    written: "enabled",
    registration: { value: "none", at: on(24, 7) },
    attempt: 8,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [FIRST_SENT],
    reverts: 0,
  },
  "failed while it was restored": {
    userId: user(11),
    state: {
      phase: "failed",
      was: { phase: "enforced", enforcedAt: on(10, 9, 0, 2), how: "written", told: { kind: "told", ...TOLD } },
      reason: "graph-unavailable",
      at: on(11, 9),
      restoringSince: on(11, 8),
    },
    prior: WAS_DISABLED,
    written: "enforced",
    registration: NEVER_LOOKED,
    attempt: 8,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [FIRST_SENT],
    reverts: 0,
  },
  excluded: {
    userId: user(7),
    state: {
      phase: "excluded",
      was: { phase: "queued" },
      reason: 'Signs in unattended: "scanner", 2nd floor',
      at: on(2, 8),
    },
    prior: { kind: "unobserved" },
    written: "nothing",
    registration: NEVER_LOOKED,
    attempt: 1,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [],
    reverts: 0,
  },
  held: {
    userId: user(8),
    state: {
      phase: "held",
      was: { phase: "enabled", enabledAt: on(2, 8, 0, 1), notice: "first-notice" },
      reason: "on leave",
      owner: "Dana",
      at: on(3, 8),
      until: Date.UTC(9999, 11, 31),
    },
    prior: WAS_DISABLED,
    written: "enabled",
    registration: NEVER_LOOKED,
    attempt: 1,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [],
    reverts: 0,
  },
  restoring: {
    userId: user(9),
    state: {
      phase: "restoring",
      was: { phase: "enforced", enforcedAt: on(10, 9, 0, 2), how: "observed", told: { kind: "told", ...TOLD } },
      at: on(11, 8),
    },
    prior: WAS_DISABLED,
    written: "enforced",
    registration: NEVER_LOOKED,
    attempt: 1,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [FIRST_SENT],
    reverts: 0,
  },
  restored: {
    userId: user(10),
    state: { phase: "restored", at: on(11, 8, 0, 5) },
    prior: WAS_DISABLED,
    written: "nothing",
    registration: NEVER_LOOKED,
    attempt: 1,
    notBefore: 0,
    claim: NO_CLAIM,
    notices: [FIRST_SENT],
    reverts: 0,
  },
};

it.each(Object.entries(EXPECTED))("a version 1 row of a user that is %s means what it always did", (name, expected) => {
  expect(parseEnrollment(sampleOf("enrollment", name))).toStrictEqual(expected);
});

it("there is a version 1 row of each phase, and each has a meaning here", () => {
  expect(Object.keys(samplesOf("enrollment")).sort()).toEqual(Object.keys(EXPECTED).sort());
  const phases = new Set(Object.values(samplesOf("enrollment")).map((row) => row["phase"]));
  expect([...phases].sort()).toEqual([...PHASES].sort());
});
