// `npm start`: the whole product on this machine, from a tenant file to a summary that the tenant itself confirms.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../program.ts";
import type { RunFlags } from "./flags.ts";
import { HELP, parseRunFlags } from "./flags.ts";
import type { RunInputs } from "./inputs.ts";
import { readInputs } from "./inputs.ts";
import { InstanceCounts } from "./instance-counts.ts";
import type { RunState } from "./live-status.ts";
import { describeState, formatInstant } from "./live-status.ts";
import type { Session } from "./session.ts";
import { openSession } from "./session.ts";
import type { Summary } from "./summary.ts";
import { isClean, readDeadLetters, summarizeRun } from "./summary.ts";
import { openTerminal } from "./terminal.ts";
import { untilEnding, untilFailure, watchRun } from "./watch-run.ts";
import { judgeRun } from "./witness.ts";

const EXIT_NOT_DONE = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const SHOWN_VIOLATIONS = 20;

const terminal = openTerminal(process.stderr);
let interrupted = false;
/** Time has run: whatever ends the run now, something was done. */
const progress = { begun: false };
const isInterrupted = (): boolean => interrupted;

async function main(): Promise<number> {
  const flags = parseRunFlags(process.argv.slice(2));
  if (flags === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const inputs = readInputs(flags);
  for (const note of inputs.notes) terminal.say(`note: ${note}`);
  const temporary = flags.dataDir === null ? mkdtempSync(join(tmpdir(), "mfa-rollout-")) : null;
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await run(flags, inputs, flags.dataDir ?? temporary ?? "");
  } finally {
    if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
  }
}

function interrupt(): void {
  if (!interrupted) terminal.say("ending: what is under way is finished first");
  interrupted = true;
}

async function run(flags: RunFlags, inputs: RunInputs, dataDir: string): Promise<number> {
  const started = Date.now();
  terminal.say(`starting: tables, broker, ${flags.graphUrl === null ? "tenant, " : ""}function app`);
  const programsDir = fileURLToPath(new URL(".", import.meta.url));
  const session = await openSession({ flags, inputs, dataDir, programsDir, say: terminal.say });
  try {
    terminal.say(`page: ${session.pageUrl}`);
    const from = session.supervisor.now();
    await session.begin();
    progress.begun = true;
    const counts = new InstanceCounts();
    const onState = statusLine();
    await watchRun(session, { graceDays: inputs.spec.graceDays, counts, onState, isEnding: isInterrupted });
    if (isInterrupted()) return EXIT_INTERRUPTED;
    const faults = await session.endFaults();
    const verdict = await judgeRun(session);
    for (const violation of verdict.violations.slice(0, SHOWN_VIOLATIONS)) terminal.say(`violated: ${violation}`);
    const times = { wallMs: Date.now() - started, virtualMs: session.supervisor.now() - from };
    await counts.look(session.supervisor);
    const summary = await summarizeRun({ session, counts, verdict, faults, ...times });
    if (summary.queue.deadLettered > 0) await showDeadLetters(session);
    show(summary, flags);
    if (flags.untilDone) return isClean(summary) ? 0 : EXIT_NOT_DONE;
    terminal.say(`done; the page goes on: ${session.pageUrl} (Ctrl-C ends)`);
    await untilFailure(session, untilEnding(isInterrupted));
    return EXIT_INTERRUPTED;
  } finally {
    terminal.end();
    await session.close();
  }
}

/** Where no line can be replaced, only a state that is new. */
function statusLine(): (state: RunState) => void {
  let shown = "";
  return (state) => {
    const text = describeState(state);
    if (text !== shown || terminal.isLive) terminal.status(`${formatInstant(state.now)}  ${text}`);
    shown = text;
  };
}

/** Their reasons may hold what somebody sent. */
async function showDeadLetters({ deps, rollout }: Session): Promise<void> {
  for (const { queue, reason } of await readDeadLetters(deps, rollout))
    terminal.say(`dead letter of ${queue}: ${reason.replaceAll(/\p{Cc}+/gu, " ")}`);
}

function show(summary: Summary, flags: RunFlags): void {
  terminal.end();
  process.stdout.write(`${flags.json ? JSON.stringify(summary) : JSON.stringify(summary, null, 2)}\n`);
}

await runProgram(main, {
  say: (line) => {
    terminal.end();
    terminal.say(line);
  },
  faultExit: () => (progress.begun ? EXIT_NOT_DONE : EXIT_USAGE),
});
