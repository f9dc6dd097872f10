// `npm run compare`: this pipeline against the loop that people write by hand, on the same simulated tenant, one after the other.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../../shared/config.ts";
import { runProgram, sayOnStderr } from "../program.ts";
import type { RunFlags } from "../run/flags.ts";
import { runFlagsOf } from "../run/flags.ts";
import type { RunInputs } from "../run/inputs.ts";
import { readInputs } from "../run/inputs.ts";
import { InstanceCounts } from "../run/instance-counts.ts";
import type { Session } from "../run/session.ts";
import { openSession } from "../run/session.ts";
import type { Summary } from "../run/summary.ts";
import { isClean, summarizeRun } from "../run/summary.ts";
import { mailboxesOf } from "../run/tenant-parts.ts";
import { watchRun } from "../run/watch-run.ts";
import { judgeRun } from "../run/witness.ts";
import { HELP, parseCompareFlags } from "./flags.ts";
import { runGraphLoop } from "./graph-loop.ts";

const EXIT_NOT_DONE = 1;
const LOOP_IN_FLIGHT = 20;
const LATENCY_MS = "60";
/** So many mailboxes let this pipeline have as many mails in flight as the loop, within Exchange's four for each. */
const SENDERS = "5";

const say = sayOnStderr;

async function main(): Promise<number> {
  const asked = parseCompareFlags(process.argv.slice(2));
  if (asked === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const users = String(asked.users);
  const flags = runFlagsOf("--users", users, "--quota", "off", "--latency", LATENCY_MS, "--senders", SENDERS);
  const inputs = everybodyRegistered(readInputs(flags));
  say(`${inputs.users.length} users, ${LATENCY_MS} ms latency, no quota`);
  const { wallMs, summary, loopMs } = await withSession(flags, inputs, async (session) => {
    const timed = await timePipeline(session, inputs);
    say(`pipeline: ${perMinute(asked.users, timed.wallMs)} users a minute`);
    return { ...timed, loopMs: await timeLoop(session, inputs) };
  });
  say(`loop, ${LOOP_IN_FLIGHT} in flight: ${perMinute(asked.users, loopMs)} users a minute`);
  const report = {
    users: asked.users,
    loop: {
      wallMs: Math.round(loopMs),
      usersPerMinute: perMinute(asked.users, loopMs),
      graphRequests: asked.users * 3,
    },
    pipeline: {
      wallMs: Math.round(wallMs),
      usersPerMinute: perMinute(asked.users, wallMs),
      graphRequests: summary.graph.requests,
      enforced: summary.outcome.enforced,
    },
    ratio: Math.round((loopMs / wallMs) * 100) / 100,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return isClean(summary) && summary.outcome.enforced === asked.users ? 0 : EXIT_NOT_DONE;
}

/** The same Graph work for each: a user who has a method needs one mail and one binding write, and nobody waits for anybody. */
function everybodyRegistered({ spec, users, notes }: RunInputs): RunInputs {
  const [wave] = spec.waves;
  if (wave === undefined) throw new Error("the sample has a wave");
  return {
    notes,
    spec: {
      ...spec,
      waves: [{ ...wave, id: "all", selector: { kind: "share", percent: 100 } }],
      graceDays: 1,
      leastNoticeDays: 1,
      exclusions: [],
    },
    users: users.map((user, index) => ({
      ...user,
      mail: user.mail ?? `person${String(index)}@contoso.example`,
      userType: "Member",
      accountEnabled: true,
      registration: { kind: "usable" },
      mfaState: "disabled",
    })),
  };
}

async function withSession<T>(flags: RunFlags, inputs: RunInputs, work: (session: Session) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), "mfa-compare-"));
  const programsDir = fileURLToPath(new URL(".", import.meta.url));
  try {
    const session = await openSession({ flags, inputs, dataDir, programsDir, say });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function timeLoop({ supervisor }: Session, { spec, users }: RunInputs): Promise<number> {
  const { clientIds } = readConfig();
  return runGraphLoop({
    graphUrl: supervisor.addresses.tenant?.url ?? "",
    clientIds,
    sender: mailboxesOf(spec)[0]?.id ?? "",
    users: users.map(({ id, mail }) => ({ id, mail: mail ?? "" })),
    inFlight: LOOP_IN_FLIGHT,
  });
}

/** From the moment time runs until everybody is enforced: more than from the first Graph call to the last, and so against us. */
async function timePipeline(session: Session, { spec }: RunInputs): Promise<{ wallMs: number; summary: Summary }> {
  await session.begin();
  const started = performance.now();
  const counts = new InstanceCounts();
  await watchRun(session, { graceDays: spec.graceDays, counts, onState: () => undefined, isEnding: () => false });
  const wallMs = performance.now() - started;
  const verdict = await judgeRun(session);
  return { wallMs, summary: await summarizeRun({ session, counts, verdict, wallMs, virtualMs: 0 }) };
}

function perMinute(users: number, ms: number): number {
  return Math.round((users / ms) * 60_000);
}

await runProgram(main);
