// `npm run kill-test`: one rollout, killed with SIGKILL at random moments and gone on with, must end as one that nobody disturbed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram, sayOnStderr } from "../program.ts";
import { HELP, parseKillFlags } from "./kill-flags.ts";
import type { KillFlags } from "./kill-flags.ts";
import { InstanceKiller } from "./instance-killer.ts";
import type { Ended, Killed } from "./one-run.ts";
import { runOnce } from "./one-run.ts";
import { TreeKiller } from "./tree-killer.ts";

const EXIT_DIFFERS = 1;
const SHOWN = 20;

const say = sayOnStderr;

async function main(): Promise<number> {
  const flags = parseKillFlags(process.argv.slice(2));
  if (flags === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const programsDir = fileURLToPath(new URL(".", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "mfa-kill-test-"));
  let keep = false;
  try {
    say(`undisturbed run of ${flags.users} users, seed ${flags.seed}`);
    const calm = await runOnce(flags, { dataDir: join(folder, "calm"), programsDir });
    say(`disturbed run: ${flags.kills} kills of ${flags.what === "tree" ? "everything" : "single instances"}`);
    const Killer = flags.what === "tree" ? TreeKiller : InstanceKiller;
    const killed = await new Killer(flags, calm, say).run({ dataDir: join(folder, "killed"), programsDir });
    const report = compare(flags, calm, killed);
    keep = report.faults.length > 0;
    for (const fault of report.faults.slice(0, SHOWN)) say(fault);
    if (keep) say(`kept for a look: ${folder}`);
    process.stdout.write(`${JSON.stringify(report.summary)}\n`);
    return keep ? EXIT_DIFFERS : 0;
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
}

interface Report {
  readonly faults: readonly string[];
  readonly summary: Readonly<Record<string, unknown>>;
}

function compare(flags: KillFlags, calm: Ended, killed: Killed): Report {
  const users = new Set([...calm.phases.keys(), ...killed.phases.keys()]);
  const different = [...users].filter((user) => calm.phases.get(user) !== killed.phases.get(user));
  const { verdict } = killed;
  const faults = [
    ...different.map(
      (user) => `${user}: ${calm.phases.get(user) ?? "no row"}, killed ${killed.phases.get(user) ?? "no row"}`,
    ),
    ...verdict.violations.map((violation) => `violated: ${violation}`),
    ...(verdict.duplicates === 0 ? [] : [`${verdict.duplicates} notices were sent twice`]),
    ...(verdict.mismatches === 0 ? [] : [`${verdict.mismatches} rows are not as the tenant is`]),
    ...(killed.kills === flags.kills ? [] : [`only ${killed.kills} of ${flags.kills} kills were made before the end`]),
    ...(killed.kills === 0 || killed.busyKills > 0 ? [] : ["no kill met work under way: this run proves nothing"]),
  ];
  const summary = {
    what: flags.what,
    users: users.size,
    seed: flags.seed,
    kills: killed.kills,
    busyKills: killed.busyKills,
    different: different.length,
    duplicate: verdict.duplicates,
    uncertain: killed.uncertain,
    mismatches: verdict.mismatches,
    violated: verdict.violations.length,
    wallMs: calm.wallMs + killed.wallMs,
  };
  return { faults, summary };
}

await runProgram(main);
