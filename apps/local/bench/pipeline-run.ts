// The pipeline's run: the whole embedded runtime, up and with the rollout applied; then its clock runs, steadily, and the tenant says
// when the first user was enabled and when the last.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { RunFlags } from "../run/flags.ts";
import { runFlagsOf } from "../run/flags.ts";
import type { RunInputs } from "../run/inputs.ts";
import { readInputs } from "../run/inputs.ts";
import { InstanceCounts } from "../run/instance-counts.ts";
import type { Session } from "../run/session.ts";
import { openSession } from "../run/session.ts";
import { readPhases } from "../run/witness.ts";
import type { BenchRun } from "./figures.ts";
import type { BenchAsk } from "./one-run.ts";
import { FIRST_INSTANT, knobsOf, LATENCY_MS, peopleOf, runOf } from "./one-run.ts";
import type { Door, WriteStats } from "./tenant-witness.ts";
import { readStats, readWitness } from "./tenant-witness.ts";

const LOOK_MS = 250;
/** Virtual: a release that was lost is found again after seven minutes. */
const STALLED_MS = 20 * MINUTE_MS;
const STALLED_LEAST_WALL_MS = 30_000;
const NOT_BELIEVED = ["queued", "failed", "held", "excluded"];

export async function runPipeline(ask: BenchAsk): Promise<BenchRun> {
  const dataDir = mkdtempSync(join(tmpdir(), "mfa-bench-"));
  const flags = flagsOf(ask);
  const inputs = inputsOf(ask, flags);
  try {
    const session = await openSession({
      flags,
      inputs,
      dataDir,
      programsDir: ask.programsDir,
      say: () => undefined,
      measured: {
        speed: { kind: "steady", factor: ask.quota.compress },
        knobs: knobsOf(ask.quota),
        settings: { GRAPH_WRITES_PER_150S: String(ask.quota.writes) },
      },
    });
    try {
      return await measure(session, ask, inputs);
    } finally {
      await session.close();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function flagsOf({ users, seed, instances, faults }: BenchAsk): RunFlags {
  const some = ["--users", String(users), "--seed", String(seed), "--instances", String(instances)];
  const flags = runFlagsOf(...some, "--latency", String(LATENCY_MS), "--start", FIRST_INSTANT);
  return { ...flags, faults };
}

/** One wave that has begun, of everybody. */
function inputsOf(ask: BenchAsk, flags: RunFlags): RunInputs {
  const { spec } = readInputs({ ...flags, users: 1 });
  const [wave] = spec.waves;
  if (wave === undefined) throw new Error("the sample has a wave");
  const all = { ...wave, id: "all", selector: { kind: "share", percent: 100 } } as const;
  return { notes: [], spec: { ...spec, waves: [all], exclusions: [] }, users: peopleOf(ask) };
}

async function measure(session: Session, ask: BenchAsk, { users: people }: RunInputs): Promise<BenchRun> {
  const users = people.map(({ id }) => id);
  const door = { url: session.supervisor.addresses.tenant?.url ?? "", adminToken: session.adminToken };
  await session.begin();
  const from = await readStats(door);
  await untilWritten(door, users, { from, compress: ask.quota.compress, failed: session.failed });
  const notBelieved = await untilSaved(session);
  const counts = new InstanceCounts();
  await counts.look(session.supervisor);
  const witnessed = await readWitness(door, users);
  const to = await readStats(door);
  const { maxRssBytes } = counts;
  return runOf("pipeline", { users, witnessed, notBelieved, from, to, maxRssBytes }, ask.quota);
}

interface Watch {
  readonly from: WriteStats;
  readonly compress: number;
  readonly failed: Promise<Error>;
}

/** Until the tenant has everybody, or nothing has been written for long. */
async function untilWritten(door: Door, users: readonly string[], { from, compress, failed }: Watch): Promise<void> {
  const stalledMs = Math.max(STALLED_LEAST_WALL_MS, STALLED_MS / compress);
  let [writes, since] = [from.writes, performance.now()];
  while (performance.now() - since < stalledMs) {
    const failure = await Promise.race([wait(LOOK_MS, null), failed]);
    if (failure !== null) throw failure;
    const now = await readStats(door);
    if (now.writes > writes) since = performance.now();
    writes = now.writes;
    if (writes - from.writes >= users.length && (await readWitness(door, users)).set.size === users.length) return;
  }
}

/** Whom the rows do not call enabled. What was written last is saved in a moment, and a lost answer is made up for. */
async function untilSaved({ deps, rollout }: Session): Promise<ReadonlySet<string>> {
  const since = performance.now();
  for (;;) {
    const phases = await readPhases({ deps, rollout });
    const open = [...phases].filter(([, phase]) => NOT_BELIEVED.includes(phase));
    const isSettled = open.every(([, phase]) => phase !== "queued");
    if (isSettled || performance.now() - since > STALLED_LEAST_WALL_MS) return new Set(open.map(([id]) => id));
    await wait(LOOK_MS);
  }
}
