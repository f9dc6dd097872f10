// `npm start`: the whole product on this machine, from a tenant file to a summary that the tenant itself confirms.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, appendFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compose } from "../../../shared/compose.ts";
import type { Dependencies } from "../../../shared/compose.ts";
import { readConfig } from "../../../shared/config.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import { addPhases } from "../../../shared/domain/header.ts";
import { pendingOf } from "../../../shared/domain/progress.ts";
import { applyRollout } from "../../../shared/pipeline/apply-rollout.ts";
import { readReport } from "../../../shared/pipeline/check-registration.ts";
import { measureRollout } from "../../../shared/pipeline/measure-progress.ts";
import { planRollout } from "../../../shared/pipeline/plan-rollout.ts";
import { Unavailable } from "../../../shared/ports/errors.ts";
import type { Supervisor } from "../supervisor/options.ts";
import { startSupervisor } from "../supervisor/supervisor.ts";
import { SAMPLE_BREAK_GLASS } from "../tenant/options.ts";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { RunFlags } from "./flags.ts";
import { HELP, parseRunFlags } from "./flags.ts";
import type { RunInputs } from "./inputs.ts";
import { readInputs } from "./inputs.ts";
import { appSettings, IDENTITIES, TENANT_ID } from "./settings.ts";
import { summarizeRun } from "./summary.ts";
import { judge, readAccounts } from "./witness.ts";

const EXIT_NOT_DONE = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const POLL_MS = 300;
const QUEUES = ["mfa-enable", "mfa-notify", "mfa-enforce", "mfa-restore"].map((name) => ({
  name,
  lockMs: 300_000,
  maxDeliveryCount: 10,
}));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const say = (line: string): void => void process.stderr.write(`${line}\n`);
let interrupted = false;
const isInterrupted = (): boolean => interrupted;

async function main(): Promise<number> {
  const flags = parseRunFlags(process.argv.slice(2));
  if (flags === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const inputs = readInputs(flags);
  for (const note of inputs.notes) say(`note: ${note}`);
  const temporary = flags.dataDir === null ? mkdtempSync(join(tmpdir(), "mfa-rollout-")) : null;
  const dataDir = flags.dataDir ?? temporary ?? "";
  mkdirSync(dataDir, { recursive: true });
  process.on("SIGINT", () => (interrupted = true));
  process.on("SIGTERM", () => (interrupted = true));
  try {
    return await run(flags, inputs, dataDir);
  } finally {
    if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
  }
}

interface Secrets {
  readonly identityHeader: string;
  readonly adminToken: string;
  readonly hostKey: string;
  readonly masterKey: string;
}

async function run(flags: RunFlags, inputs: RunInputs, dataDir: string): Promise<number> {
  const started = Date.now();
  const secret = (): string => randomBytes(24).toString("base64url");
  const secrets: Secrets = { identityHeader: secret(), adminToken: secret(), hostKey: secret(), masterKey: secret() };
  writeFileSync(join(dataDir, "host-key"), `${secrets.hostKey}\n`, { mode: 0o600 });
  say("starting: tables, broker, tenant, function app");
  let deps: Dependencies | null = null;
  const supervisor = await startSupervisor(supervisorOptions({ flags, inputs, dataDir, secrets }, () => deps));
  try {
    const url = `http://127.0.0.1:${supervisor.httpPort}/api/dashboard?code=${secrets.hostKey}`;
    say(`page: ${url}`);
    Object.assign(
      process.env,
      appSettings(supervisor.addresses, { identityHeader: secrets.identityHeader, quota: flags.quota }),
    );
    deps = await compose(readConfig(), { clock: { now: () => supervisor.now() } });
    await deps.ensureTables();
    const from = supervisor.now();
    await applyInputs(deps, supervisor, inputs);
    await switchFaults(supervisor, secrets, flags);
    supervisor.run();
    await watch(deps, supervisor, inputs.spec.rollout);
    if (isInterrupted()) return EXIT_INTERRUPTED;
    const accounts = await readAccounts(supervisor.addresses.tenant?.url ?? "", secrets.adminToken);
    const verdict = await judge(deps, inputs.spec.rollout, accounts);
    for (const violation of verdict.violations.slice(0, 20)) say(`violated: ${violation}`);
    const times = { wallMs: Date.now() - started, virtualMs: supervisor.now() - from };
    const summary = await summarizeRun({ deps, supervisor, rollout: inputs.spec.rollout, verdict, ...times });
    if (flags.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    if (!flags.untilDone) {
      say(`done; the page goes on: ${url} (Ctrl-C ends)`);
      while (!isInterrupted()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      return EXIT_INTERRUPTED;
    }
    return isClean(summary) ? 0 : EXIT_NOT_DONE;
  } finally {
    await deps?.close();
    await supervisor.stop();
  }
}

function isClean(summary: Record<string, unknown>): boolean {
  const text = JSON.stringify(summary);
  return ['"pending":0', '"failed":0', '"mismatches":0', '"violated":0', '"duplicate":0'].every((part) =>
    text.includes(part),
  );
}

interface Started {
  readonly flags: RunFlags;
  readonly inputs: RunInputs;
  readonly dataDir: string;
  readonly secrets: Secrets;
}

function supervisorOptions(
  { flags, inputs, dataDir, secrets }: Started,
  deps: () => Dependencies | null,
): Parameters<typeof startSupervisor>[0] {
  const log = join(dataDir, "log.txt");
  return {
    entries: {
      host: here("./host-child.js"),
      broker: here("./broker-child.js"),
      tables: here("./tables-child.js"),
      tenant: here("./tenant-child.js"),
    },
    functionAppDir: here("../.."),
    settings: (addresses) => appSettings(addresses, { identityHeader: secrets.identityHeader, quota: flags.quota }),
    instances: flags.instances,
    ports: { http: flags.port, broker: 0, tables: 0, tenant: 0 },
    keys: { host: secrets.hostKey, master: secrets.masterKey },
    dataDir,
    queues: QUEUES,
    tenant: {
      users: inputs.users,
      seed: flags.seed,
      // Switched on when the rollout is applied: they are there to attack the pipeline, not the command that a person repeats.
      faults: [],
      quota: flags.quota,
      latencyMs: flags.latencyMs === 0 ? 0 : { median: flags.latencyMs, sigma: 0 },
      tenantId: TENANT_ID,
      identityHeader: secrets.identityHeader,
      identities: IDENTITIES,
      senders: Array.from({ length: flags.senders }, (_, index) => {
        const mail = `mfa-notice-${index + 1}@contoso.example`;
        return { id: deriveGuid(mail), mail };
      }),
      breakGlass: SAMPLE_BREAK_GLASS,
      adminToken: secrets.adminToken,
    },
    start: flags.start,
    speed: flags.speed,
    planner: "plan-waves",
    readWakeAt: async () => (await deps()?.control.readLedger())?.value.wakeAt ?? null,
    recordGraphFile: flags.recordGraphFile,
    log: (line) => {
      appendFileSync(log, `${line.trimEnd()}\n`);
    },
    observe: (event) => {
      if (event.kind === "instance-died")
        say(`instance ${event.instance} ended: ${event.signal ?? String(event.code)}`);
      if (event.kind === "failed") say(`failed: ${event.error.message}`);
    },
  };
}

/** Plan and apply by the same use cases as everywhere; a folder that resumes finds its rollout applied. */
async function applyInputs(deps: Dependencies, supervisor: Supervisor, { spec }: RunInputs): Promise<void> {
  const known = await deps.rollouts.read(spec.rollout);
  if (known !== null && known.rollout.value.status !== "applying") {
    say(`rollout ${spec.rollout} goes on`);
    return;
  }
  const users = [];
  for await (const page of deps.directory.listUsers()) users.push(...page);
  const now = supervisor.now();
  const report = await readReport(deps.directory, now).catch((error: unknown) => {
    if (!(error instanceof Unavailable)) throw error;
    say("note: there is no registration report yet; everybody's registration is unknown");
    return { reportAt: 0, registrations: new Map<string, "unknown">() };
  });
  const names = spec.breakGlass.map((ref) => (ref.kind === "id" ? ref.id : ref.userPrincipalName));
  const breakGlass = await deps.directory.readBreakGlass(names);
  const plan = planRollout({ spec, users, ...report, breakGlass, calendar: deps.calendarOf(spec.timeZone), now });
  for (const note of plan.notes) say(`note: ${note}`);
  await applyRollout(deps, plan);
  for (const wave of plan.waves)
    say(`wave ${wave.id}: ${wave.enrollments.length} users from ${new Date(wave.startAt).toISOString()}`);
  supervisor.touched();
}

async function switchFaults({ addresses }: Supervisor, { adminToken }: Secrets, { faults }: RunFlags): Promise<void> {
  if (faults.length === 0 || addresses.tenant === null) return;
  const answer = await fetch(`${addresses.tenant.url}/simulator/faults`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ faults }),
  });
  if (!answer.ok) throw new Error(`the tenant refuses the faults: ${answer.status}`);
  say(`faults: ${faults.map(({ name, rate }) => `${name}=${rate}`).join(" ")}`);
}

async function watch(deps: Dependencies, supervisor: Supervisor, rollout: string): Promise<void> {
  let shown = "";
  const failed = supervisor.failed.then((error) => {
    throw error;
  });
  const loop = async (): Promise<void> => {
    while (!isInterrupted()) {
      const waves = await measureRollout(deps, rollout);
      const phases = addPhases(waves.map((wave) => wave.phases));
      const counts = `queued ${phases.queued} enabled ${phases.enabled} notified ${phases.notified} enforced ${phases.enforced}`;
      const rest = `excluded ${phases.excluded} failed ${phases.failed} held ${phases.held}`;
      if (counts + rest !== shown) say(`${new Date(supervisor.now()).toISOString().slice(0, 16)}  ${counts} ${rest}`);
      shown = counts + rest;
      if (pendingOf(phases) === 0) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  await Promise.race([loop(), failed]);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UserFault)) throw error;
  say(error.message);
  process.exitCode = EXIT_USAGE;
}
