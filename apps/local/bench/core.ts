// Micro-benchmarks of the pure core: what a batch costs before any I/O, each with the least that is good enough.
import * as z from "zod";
import { formatEnrollment, parseEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import { graphEnvelope, graphStep } from "../../../shared/codec/graph-answers.ts";
import type { Enrollment } from "../../../shared/domain/enrollment.ts";
import { newEnrollment } from "../../../shared/domain/enrollment.ts";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { JournalEntry } from "../../../shared/domain/journal.ts";
import { foldJournal } from "../../../shared/domain/journal.ts";
import type { Policy } from "../../../shared/domain/policy.ts";
import { RETRY } from "../../../shared/domain/policy.ts";
import { BATCH_SIZE, GRAPH_BATCH_STEPS, slice } from "../../../shared/domain/slice.ts";
import { transition } from "../../../shared/domain/transition.ts";
import { assignWaves } from "../../../shared/domain/waves.ts";
import type { Floor } from "../floors/floor.ts";

const MEASURED_MS = 1_000;
const WARM_UP_MS = 1_000;
const AT = Date.UTC(2026, 2, 2, 9);
const USER = "00000000-0000-4000-8000-000000000001";
const POLICY: Policy = {
  graceMs: 14 * DAY_MS,
  leastNoticeMs: 7 * DAY_MS,
  unregisteredWaitMs: 14 * DAY_MS,
  unregisteredThen: "fail",
  unregisteredReason: "",
  registered: "deferred",
  retry: RETRY,
};

interface Rate {
  readonly name: string;
  readonly least: number;
  readonly unit: string;
  /** Does `each` units of work. */
  readonly work: () => unknown;
  readonly each: number;
}

export function measureCore(say: (line: string) => void): readonly Floor[] {
  const floors = [...RATES.map(measureRate), ...measureWaves()];
  for (const { name, measured, unit, floor } of floors)
    say(`${name}: ${String(measured)} ${unit}, goal ${String(floor)}`);
  return floors;
}

const queued: Enrollment = {
  ...newEnrollment(USER),
  prior: { kind: "observed", mfaState: "disabled", at: AT },
  registration: { value: "none", at: AT },
};
const enabled = stepOf(queued);
const row = JSON.stringify(formatEnrollment(enabled));
const columns = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const RATES: readonly Rate[] = [
  { name: "core: transitions", least: 1_000_000, unit: "/s", work: () => stepOf(queued), each: 1 },
  {
    name: "core: rows parsed from JSON",
    least: 100_000,
    unit: "/s",
    work: () => parseEnrollment(columns.parse(JSON.parse(row))),
    each: 1,
  },
  { name: "core: $batch answers read", least: 20_000, unit: "/s", work: readAnswer(), each: 1 },
  { name: "core: journal changes folded", least: 500_000, unit: "/s", ...fold() },
];

function stepOf(from: Enrollment): Enrollment {
  const outcome = transition(from, { kind: "enable-succeeded", at: AT }, POLICY);
  if (outcome.kind !== "moved") throw new Error("a queued user is enabled");
  return outcome.next;
}

/** The body that a write of 20 users is answered with. */
function readAnswer(): () => number {
  const text = JSON.stringify({
    responses: Array.from({ length: GRAPH_BATCH_STEPS }, (_, index) => ({ id: String(index + 1), status: 204 })),
  });
  return () => {
    const { responses } = graphEnvelope.parse(JSON.parse(text));
    return responses.reduce<number>((done, step) => done + (graphStep.parse(step).status < 300 ? 1 : 0), 0);
  };
}

/** A batch of forty through two saves. */
function fold(): Pick<Rate, "work" | "each"> {
  const entry = (seq: number, columns: JournalEntry["changes"][number]["columns"]): JournalEntry => ({
    seq,
    commitId: String(seq),
    at: AT,
    actor: "worker",
    cause: "enable",
    changes: Array.from({ length: BATCH_SIZE }, (_, slot) => ({ slot, columns })),
    previousHash: "",
    hash: "",
  });
  const entries = [entry(1, { phase: "queued", attempt: 1 }), entry(2, { phase: "enabled", written: "enabled" })];
  return { work: () => foldJournal(entries), each: 2 * BATCH_SIZE };
}

/** Of this process: neighbours on a shared machine do not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function measureRate({ name, least, unit, work, each }: Rate): Floor {
  const spin = (ms: number): number => {
    const began = cpuMs();
    let done = 0;
    for (; cpuMs() - began < ms; done += 100) for (let i = 0; i < 100; i++) work();
    return (done * each * 1_000) / (cpuMs() - began);
  };
  spin(WARM_UP_MS);
  const measured = Math.round(spin(MEASURED_MS));
  return { name, floor: least, measured, unit, isReached: measured >= least };
}

const WAVE_USERS = 100_000;
const MOST_SECONDS = 3;
const MOST_MEBIBYTES = 300;

function measureWaves(): readonly Floor[] {
  const before = process.memoryUsage().heapUsed;
  const users = Array.from({ length: WAVE_USERS }, (_, index) => ({
    userId: deriveGuid(`core/${index}`),
    userPrincipalName: `user${index}@contoso.example`,
    department: null,
  }));
  const waves = [10, 30, 60].map((percent) => ({
    id: `wave-${percent}`,
    selector: { kind: "share" as const, percent },
  }));
  const began = cpuMs();
  const { byWave } = assignWaves("core", waves, users);
  const batches = [...byWave.values()].map((ids) => slice(ids, BATCH_SIZE));
  const seconds = Math.round(cpuMs() - began) / 1_000;
  const mebibytes = Math.round((process.memoryUsage().heapUsed - before) / 1_048_576);
  if (batches.flat(2).length !== WAVE_USERS) throw new Error("every user is in a batch");
  const of = `core: ${WAVE_USERS} users into waves and batches`;
  return [
    { name: `${of}, time`, floor: MOST_SECONDS, measured: seconds, unit: "s", isReached: seconds < MOST_SECONDS },
    {
      name: `${of}, memory`,
      floor: MOST_MEBIBYTES,
      measured: mebibytes,
      unit: "MiB",
      isReached: mebibytes < MOST_MEBIBYTES,
    },
  ];
}
