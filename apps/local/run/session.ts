// One embedded runtime with one rollout in it, as `npm start` and the kill test use it: open, apply, run, look, close.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Dependencies, HostGift } from "../../../shared/compose.ts";
import { compose } from "../../../shared/compose.ts";
import { readConfig } from "../../../shared/config.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import { applyRollout } from "../../../shared/pipeline/apply-rollout.ts";
import { readReport } from "../../../shared/pipeline/check-registration.ts";
import { planRollout } from "../../../shared/pipeline/plan-rollout.ts";
import { Unavailable } from "../../../shared/ports/errors.ts";
import type { Speed, Supervisor, SupervisorEvent, SupervisorOptions } from "../supervisor/options.ts";
import { startSupervisor } from "../supervisor/supervisor.ts";
import type { Knobs } from "../tenant/options.ts";
import type { RunFlags } from "./flags.ts";
import type { RunInputs } from "./inputs.ts";
import { RunFaults } from "./run-faults.ts";
import type { RunFolder } from "./run-folder.ts";
import { newSecret, openRunFolder } from "./run-folder.ts";
import { appSettings, IDENTITIES, TENANT_ID } from "./settings.ts";
import { mailboxesOf, emergencyAccountsOf } from "./tenant-parts.ts";

const QUEUES = ["mfa-enable", "mfa-notify", "mfa-enforce", "mfa-restore"].map((name) => ({
  name,
  lockMs: 300_000,
  maxDeliveryCount: 10,
}));

// One a process: the SDK keeps an identity's tokens for the whole process, and they are signed with this.
const IDENTITY_HEADER = newSecret();

export interface SessionAsk {
  readonly flags: RunFlags;
  readonly inputs: RunInputs;
  readonly dataDir: string;
  /** Where the built programs are, two below the function app: a bundled module does not know where it ended up. */
  readonly programsDir: string;
  readonly say: (line: string) => void;
  readonly observe?: (event: SupervisorEvent) => void;
  readonly measured?: Measured;
}

/** What a measurement sets otherwise than a run. */
export interface Measured {
  readonly speed: Speed;
  readonly knobs: Partial<Knobs>;
  /** Over the embedded runtime's own. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Session {
  readonly supervisor: Supervisor;
  readonly deps: Dependencies;
  readonly rollout: string;
  readonly pageUrl: string;
  /** Opens the simulator's own door; no part of the product has it. */
  readonly adminToken: string;
  /** Plans and applies, unless the folder holds the rollout already; then time runs. */
  begin(): Promise<void>;
  /** From now on no part makes faults. Answers how often each has happened. */
  endFaults(): Promise<Readonly<Record<string, number>>>;
  /** Resolves with the reason when nothing can go on: a part has died, or the log cannot be written. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

/** @throws UserFault for a folder in use, a busy port, a wrong setting */
export async function openSession(ask: SessionAsk): Promise<Session> {
  const { flags, inputs, dataDir } = ask;
  const folder = openRunFolder(dataDir, flags, inputs);
  const secrets = { identityHeader: IDENTITY_HEADER, adminToken: newSecret() };
  let deps: Dependencies | null = null;
  let onLogFailure: (error: Error) => void = () => undefined;
  const logFailed = new Promise<Error>((resolve) => (onLogFailure = resolve));
  const faults = new RunFaults(flags, secrets.adminToken);
  const supervisor = await startSupervisor(
    supervisorOptions(ask, { ...secrets, keys: folder.keys }, { deps: () => deps, onLogFailure, faults }),
  );
  faults.begin(supervisor);
  try {
    Object.assign(process.env, settingsOf(ask, secrets.identityHeader)(supervisor.addresses));
    deps = await compose(readConfig(), {
      clock: { now: () => supervisor.now() },
      ...recorderTo(flags.recordGraphFile),
    });
    await deps.ensureTables();
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  const opened = deps;
  return {
    supervisor,
    deps: opened,
    rollout: inputs.spec.rollout,
    pageUrl: `http://127.0.0.1:${supervisor.httpPort}/api/dashboard?code=${folder.keys.host}`,
    adminToken: secrets.adminToken,
    failed: Promise.race([supervisor.failed, logFailed]),
    begin: async () => {
      await applyInputs(opened, supervisor, ask).catch(blame);
      await faults.switchOn();
      if (flags.faults.length > 0)
        ask.say(`faults: ${flags.faults.map(({ name, rate }) => `${name}=${rate}`).join(" ")}`);
      supervisor.run();
    },
    endFaults: () => faults.end(),
    close: async () => {
      await opened.close();
      await supervisor.stop();
    },
  };
}

/** Planning reads Graph in this process; the function app's instances append to the same file. */
function recorderTo(file: string | null): Pick<HostGift, "recordGraph"> {
  if (file === null) return {};
  return { recordGraph: (exchange) => appendFileSync(file, `${JSON.stringify(exchange)}\n`) };
}

function settingsOf({ flags, measured }: SessionAsk, identityHeader: string): SupervisorOptions["settings"] {
  const { quota, graphUrl } = flags;
  return (addresses) => ({ ...appSettings(addresses, { identityHeader, quota, graphUrl }), ...measured?.settings });
}

interface Hooks {
  /** Null until the supervisor has started. */
  readonly deps: () => Dependencies | null;
  readonly onLogFailure: (error: Error) => void;
  readonly faults: RunFaults;
}

function supervisorOptions(
  ask: SessionAsk,
  secrets: { readonly identityHeader: string; readonly adminToken: string; readonly keys: RunFolder["keys"] },
  { deps, onLogFailure, faults }: Hooks,
): SupervisorOptions {
  const { flags, inputs, dataDir, programsDir, say, observe, measured } = ask;
  const log = join(dataDir, "log.txt");
  return {
    entries: {
      host: join(programsDir, "host-child.js"),
      broker: join(programsDir, "broker-child.js"),
      tables: join(programsDir, "tables-child.js"),
      tenant: join(programsDir, "tenant-child.js"),
    },
    functionAppDir: join(programsDir, "../.."),
    settings: settingsOf(ask, secrets.identityHeader),
    instances: flags.instances,
    ports: { http: flags.port, broker: 0, tables: 0, tenant: 0 },
    keys: secrets.keys,
    dataDir,
    queues: QUEUES,
    tenant:
      flags.graphUrl !== null
        ? null
        : {
            users: inputs.users,
            seed: flags.seed,
            // Switched on when the rollout is applied: they attack the pipeline, not the command that a person repeats.
            faults: [],
            quota: flags.quota,
            latencyMs: flags.latencyMs === 0 ? 0 : { median: flags.latencyMs, sigma: 0 },
            tenantId: TENANT_ID,
            identityHeader: secrets.identityHeader,
            identities: IDENTITIES,
            senders: mailboxesOf(inputs.spec),
            breakGlass: emergencyAccountsOf(inputs.spec, inputs.users),
            adminToken: secrets.adminToken,
            knobs: measured?.knobs ?? {},
          },
    start: flags.graphUrl === null ? flags.start : null,
    speed: measured?.speed ?? flags.speed,
    planner: "plan-waves",
    readWakeAt: () => readWakeAt(deps()),
    faultSeed: flags.seed,
    skewMs: (instance, start) => faults.instances.skewMs(instance, start),
    recordGraphFile: flags.recordGraphFile,
    log: (line) => {
      try {
        appendFileSync(log, `${line.trimEnd()}\n`);
      } catch (error) {
        onLogFailure(error instanceof Error ? error : new Error(String(error)));
      }
    },
    observe: (event) => {
      if (event.kind === "instance-died")
        say(`instance ${event.instance} ended: ${event.signal ?? `exit code ${String(event.code)}`}; another starts`);
      faults.onEvent(event);
      observe?.(event);
    },
  };
}

/** Null: unknown, also when the tables do not answer just now. */
async function readWakeAt(deps: Dependencies | null): Promise<number | null> {
  try {
    return (await deps?.control.readLedger())?.value.wakeAt ?? null;
  } catch (error) {
    if (error instanceof Unavailable) return null;
    throw error;
  }
}

/** A service that does not answer while nothing runs yet is for a person to mend. */
function blame(error: unknown): never {
  if (!(error instanceof Unavailable)) throw error;
  const cause = error.cause instanceof Error ? error.cause.message : String(error.cause);
  const what = `could not be used (${cause.split("\n", 1)[0] ?? ""}), and nothing was begun.`;
  throw new UserFault([
    { what, fix: "Look at its address and its permissions, then try again.", at: { where: error.service } },
  ]);
}

/** Plan and apply by the same use cases as everywhere; a folder that resumes finds its rollout applied. */
async function applyInputs(deps: Dependencies, supervisor: Supervisor, { inputs, say }: SessionAsk): Promise<void> {
  const { spec } = inputs;
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
    say(`wave ${wave.id}: ${wave.enrollments.length} users from ${new Date(wave.startAt).toISOString().slice(0, 16)}Z`);
  supervisor.touched();
}
