// One seed: three instances of the app, a tenant, people and operators, on one clock; then, when the faults have stopped, everybody must
// come to an end.
import { parseStepMessage } from "../../../shared/codec/step-message.ts";
import type { Phase } from "../../../shared/domain/enrollment.ts";
import type { FailureReason } from "../../../shared/domain/failure.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import { budgetFrom } from "../../../shared/domain/ledger.ts";
import type { Step } from "../../../shared/domain/names.ts";
import { CLOCK_MARGIN_MS } from "../../../shared/domain/policy.ts";
import { createMemoryTables } from "../../../shared/memory/memory-tables.ts";
import { MemoryDirectory } from "../../../shared/memory/memory-directory.ts";
import { SeededRandom } from "../../../shared/memory/seeded-chance.ts";
import { applyRollout } from "../../../shared/pipeline/apply-rollout.ts";
import { readReport } from "../../../shared/pipeline/check-registration.ts";
import { enableBatch } from "../../../shared/pipeline/enable-batch.ts";
import { enforceBatch } from "../../../shared/pipeline/enforce-batch.ts";
import { notifyBatch } from "../../../shared/pipeline/notify-batch.ts";
import { planRollout } from "../../../shared/pipeline/plan-rollout.ts";
import { receiveDeadLetter, receiveNudge } from "../../../shared/pipeline/receive-nudge.ts";
import { restoreBatch } from "../../../shared/pipeline/restore-batch.ts";
import type { StepHandler } from "../../../shared/pipeline/run-step.ts";
import { nodeHash } from "../../../shared/azure/node-chance.ts";
import { createStores } from "../../../shared/tables/create-stores.ts";
import { Committed } from "./committed.ts";
import type { SimFault } from "./faults.ts";
import { Swarm } from "./faults.ts";
import { Operators } from "./operators.ts";
import type { Violation } from "./oracle.ts";
import { Oracle } from "./oracle.ts";
import { BREAK_GLASS, populate, specOf, START } from "./people.ts";
import type { Caller } from "./port-calls.ts";
import { PortCalls } from "./port-calls.ts";
import { Scheduler } from "./scheduler.ts";
import { SimBus } from "./sim-bus.ts";
import type { SimMessage } from "./sim-bus.ts";
import { calendarOf, depsOf, TENANT } from "./sim-deps.ts";
import type { SimDeps } from "./sim-deps.ts";
import type { GraphWeather } from "./sim-graph.ts";
import { stepFault } from "./sim-graph.ts";
import { TableFaults } from "./sim-tables.ts";
import { SimTenant } from "./sim-tenant.ts";
import { Timers } from "./timers.ts";
import { Trace } from "./trace.ts";

export interface SeedOptions {
  readonly seed: number;
  readonly users: number;
  readonly faults: readonly SimFault[];
  /** Operators act and people change their minds. */
  readonly acts: boolean;
}

export interface SeedResult {
  readonly violations: readonly Violation[];
  readonly steps: number;
  readonly checks: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly reached: ReadonlyMap<string, number>;
  readonly traceHash: string;
  readonly lastSteps: readonly string[];
}

const INSTANCES = 3;
/** Faults and people's acts end then. */
const QUIET_AT: Instant = START + 24 * DAY_MS;
/** By then everybody must be final or held. */
const END_AT: Instant = START + 150 * DAY_MS;
const FINAL: ReadonlySet<Phase> = new Set(["enforced", "restored", "excluded", "failed", "held"]);

const HANDLERS: Readonly<Record<Step, StepHandler>> = {
  enable: enableBatch,
  notify: notifyBatch,
  enforce: enforceBatch,
  restore: restoreBatch,
};

interface Running {
  readonly caller: Caller;
  readonly ended: (result: unknown) => void;
}

class World {
  readonly oracle: Oracle;
  readonly trace = new Trace();
  readonly swarm: Swarm;
  readonly scheduler = new Scheduler(START);
  readonly #options: SeedOptions;
  readonly #random: SeededRandom;
  readonly #tenant: SimTenant;
  readonly #weather: GraphWeather;
  readonly #tableFaults: TableFaults;
  readonly #calls: PortCalls;
  readonly #instances: Caller[];
  readonly #deps = new Map<Caller, SimDeps>();
  readonly #bus: SimBus;
  readonly #timers: Timers;
  readonly #running = new Set<Running>();
  readonly #down = new Set<Caller>();
  #operators: Operators | null = null;
  #isQuiet = false;

  constructor(options: SeedOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.swarm = new Swarm(new SeededRandom(options.seed ^ 0x5eed), options.faults);
    const clock = { now: () => this.scheduler.now };
    this.#tenant = new SimTenant(clock);
    this.oracle = new Oracle(this.#tenant, clock, new Committed(nodeHash));
    this.#tableFaults = new TableFaults(this.swarm);
    this.#weather = {
      storm: false,
      outage: false,
      forbidden: new Set(),
      protectedUsers: new Set(),
      brokenUsers: new Set(),
    };
    this.#calls = new PortCalls(this.scheduler, this.#random, this.swarm, {
      between: () => this.#between(),
      crash: (caller) => this.#crash(caller),
      trace: (what) => this.trace.add(this.scheduler.now, what),
    });
    this.#instances = Array.from({ length: INSTANCES }, (_, index) => this.#newInstance(index));
    this.#bus = new SimBus(this.#calls, {
      receiver: () => this.#receiver(),
      handle: (receiver, message, ended) => this.#handle(receiver, message, ended),
    });
    this.#timers = new Timers(this.#calls, {
      receiver: () => this.#receiver(),
      depsOf: (caller) => this.#depsOf(caller),
      run: (caller, what, work, ended) => this.#run(caller, what, work, ended),
      planned: () => undefined,
    });
  }

  #newInstance(index: number): Caller {
    const isOff = this.swarm.isOn("instance-clock-off");
    const skewMs = isOff ? Math.floor((this.#random.next() - 0.5) * CLOCK_MARGIN_MS) : 0;
    if (skewMs !== 0) this.swarm.happened("instance-clock-off");
    const clock = { now: () => this.scheduler.now + skewMs };
    return { name: `instance ${index}`, kind: "instance", life: 1, clock };
  }

  async run(): Promise<void> {
    await this.#apply();
    this.#drawActs();
    this.#timers.begin();
    this.scheduler.at(QUIET_AT, "quiet", () => this.#quiet());
    while (this.scheduler.now < END_AT && this.oracle.violations.length === 0) {
      if ((await this.scheduler.step()) === null) break;
      if (this.#isQuiet && this.#isOver()) break;
    }
    if (this.oracle.violations.length === 0) this.#judgeEnd();
  }

  /** By a person's command, before the faults begin. */
  async #apply(): Promise<void> {
    const { users } = this.#options;
    const random = new SeededRandom(this.#options.seed ^ 0xbeef);
    const registers = populate(this.#tenant, users, random);
    const spec = specOf(random);
    for (const { id } of BREAK_GLASS) this.oracle.breakGlass.add(id);
    this.#tableFaults.isSpared = true;
    const tables = this.#innerTables;
    const directory = new MemoryDirectory(this.#tenant);
    const report = await readReport(directory, START);
    const calendar = calendarOf(spec.timeZone);
    const people = [...this.#tenant.people.values()].map(({ user }) => user);
    const plan = planRollout({ spec, users: people, ...report, breakGlass: BREAK_GLASS, calendar, now: START });
    await applyRollout(
      { ...createStores(tables, { tenant: TENANT, hash: nodeHash }), ids: { newId: () => this.#newId() } },
      plan,
    );
    this.#tableFaults.isSpared = false;
    this.#tenant.fault = stepFault({ calls: this.#calls, weather: this.#weather });
    for (const { userId, at } of registers)
      this.scheduler.at(at, "registers", () => {
        this.trace.add(at, `${userId} registers`);
        this.#tenant.register(userId);
      });
    for (const userId of this.#tenant.people.keys()) {
      if (this.swarm.strikes("graph-protected-object")) this.#weather.protectedUsers.add(userId);
      if (this.swarm.strikes("graph-always-fails")) this.#weather.brokenUsers.add(userId);
    }
    this.#operators = new Operators({
      deps: this.#depsOf(this.#operatorCaller),
      calls: this.#calls,
      oracle: this.oracle,
      rollout: spec.rollout,
      waves: spec.waves.map(({ id }) => id),
      disturb: () => this.#timers.disturb(),
    });
  }

  readonly #operatorCaller: Caller = {
    name: "anna",
    kind: "operator",
    life: 1,
    clock: { now: () => this.scheduler.now },
  };

  #ids = 0;
  #newId(): string {
    this.#ids += 1;
    return String(this.#ids).padStart(32, "0");
  }

  #tables: ReturnType<typeof createMemoryTables> | null = null;
  get #innerTables(): ReturnType<typeof createMemoryTables> {
    this.#tables ??= createMemoryTables({
      faults: this.#tableFaults,
      committed: (table, partition, writes) => this.oracle.commits(table, partition, writes),
    });
    return this.#tables;
  }

  #depsOf(caller: Caller): SimDeps {
    const known = this.#deps.get(caller);
    if (known !== undefined) return known;
    const clock = { now: () => this.scheduler.now };
    const deps = depsOf(caller, {
      calls: this.#calls,
      tables: this.#innerTables,
      graph: { tenant: this.#tenant, calls: this.#calls, weather: this.#weather, watch: this.oracle, clock },
      bus: this.#bus,
      hash: nodeHash,
      budget: budgetFrom({ writesPer150s: 300, mailsPerMinute: 30, mailsPerDay: 150 }),
      senders: [],
      newId: () => this.#newId(),
      random: this.#random,
    });
    this.#deps.set(caller, deps);
    return deps;
  }

  #receiver(): Caller | null {
    const up = this.#instances.filter((instance) => !this.#down.has(instance));
    return up[this.#calls.upTo(up.length)] ?? null;
  }

  #run(caller: Caller, what: string, work: () => Promise<unknown>, ended: (result: unknown) => void): void {
    const running = { caller, ended };
    this.#running.add(running);
    const finish = (result: unknown): void => {
      if (!this.#running.delete(running)) return;
      ended(result);
    };
    work().then(finish, (error: unknown) => {
      this.oracle.expect(
        false,
        3,
        () => `${what} threw: ${error instanceof Error ? (error.stack ?? "") : String(error)}`,
      );
      finish(null);
    });
  }

  #handle(receiver: Caller, message: SimMessage, ended: (outcome: "ok" | "threw") => void): void {
    const deps = this.#depsOf(receiver);
    const json: unknown = JSON.parse(message.body);
    const parsed = parseStepMessage(json);
    const { id: messageId, deliveries: deliveryCount } = message;
    const received = { queue: `mfa-${message.step}`, body: json, metadata: { messageId, deliveryCount } };
    const work = async (): Promise<"ok" | "threw"> => {
      if (message.isDeadLetter) {
        try {
          await receiveDeadLetter(deps, parsed, received);
          return "ok";
        } catch {
          return "threw"; // tables are down: the letter stays where it is
        }
      }
      try {
        if (message.isPoison) return "threw";
        await receiveNudge(deps, parsed, received, HANDLERS[message.step]);
        return "ok";
      } catch (error) {
        if (error instanceof Error && (error.name === "Unavailable" || error.name === "Conflict")) return "threw";
        throw error;
      }
    };
    this.#run(receiver, message.id, work, (result) => {
      if (result === "ok" || result === "threw") ended(result);
      this.#timers.disturb();
    });
  }

  #crash(caller: Caller): void {
    this.trace.add(this.scheduler.now, `${caller.name} crashes`);
    caller.life += 1;
    this.#down.add(caller);
    this.scheduler.at(this.scheduler.now + this.#calls.upTo(MINUTE_MS), `${caller.name}: starts`, () => {
      this.#down.delete(caller);
    });
    for (const running of [...this.#running]) {
      if (running.caller !== caller) continue;
      this.#running.delete(running);
      running.ended(null);
    }
  }

  /** In the middle of a step somebody may act. */
  #between(): void {
    if (this.#options.acts && !this.#isQuiet && this.#calls.chance(0.002)) {
      this.oracle.reach("an operator acted within a step");
      this.#operators?.act();
    }
  }

  #drawActs(): void {
    const { random } = this.#calls;
    const days = (QUIET_AT - START) / DAY_MS;
    const during = (day: number): Instant => START + day * DAY_MS + Math.floor(random.next() * DAY_MS);
    for (let day = 0; day < days; day += 1) {
      if (this.#options.acts && random.next() < 0.5)
        this.scheduler.at(during(day), "anna acts", () => this.#operators?.act());
      this.#weatherOf(day, during);
      this.#peopleOf(during(day));
    }
  }

  #weatherOf(day: number, during: (day: number) => Instant): void {
    const spell = (fault: SimFault, mostMs: number, on: () => void, off: () => void): void => {
      if (!this.swarm.strikes(fault)) return;
      const from = during(day);
      this.scheduler.at(from, `${fault} begins`, () => {
        this.trace.add(this.scheduler.now, `${fault} begins`);
        on();
      });
      this.scheduler.at(from + this.#calls.upTo(mostMs), `${fault} ends`, off);
    };
    const { forbidden } = this.#weather;
    const area = (["read", "write", "mail"] as const)[this.#calls.upTo(3)] ?? "write";
    spell(
      "graph-storm",
      2 * HOUR_MS,
      () => (this.#weather.storm = true),
      () => (this.#weather.storm = false),
    );
    spell(
      "graph-outage",
      2 * HOUR_MS,
      () => (this.#weather.outage = true),
      () => (this.#weather.outage = false),
    );
    spell(
      "tables-outage",
      2 * HOUR_MS,
      () => (this.#tableFaults.isOut = true),
      () => (this.#tableFaults.isOut = false),
    );
    spell(
      "graph-permission-lost",
      6 * HOUR_MS,
      () => forbidden.add(area),
      () => forbidden.delete(area),
    );
  }

  #peopleOf(at: Instant): void {
    const pick = (): string | undefined => [...this.#tenant.people.keys()][this.#calls.upTo(this.#tenant.people.size)];
    const happens = (fault: SimFault, act: (userId: string) => void): void => {
      if (!this.swarm.strikes(fault)) return;
      this.scheduler.at(at, fault, () => {
        const userId = pick();
        if (userId === undefined) return;
        this.trace.add(this.scheduler.now, `${fault}: ${userId}`);
        act(userId);
      });
    };
    happens("user-deleted", (userId) => this.#tenant.remove(userId));
    happens("methods-lost", (userId) => this.#tenant.loseMethods(userId));
    happens("user-renamed", (userId) => {
      const person = this.#tenant.people.get(userId);
      if (person === undefined) return;
      const user = { ...person.user, mail: `renamed-${person.user.mail}` };
      this.#tenant.people.set(userId, { ...person, user });
    });
  }

  #quiet(): void {
    this.#isQuiet = true;
    this.swarm.end();
    this.#weather.storm = false;
    this.#weather.outage = false;
    this.#weather.forbidden.clear();
    this.#tableFaults.isOut = false;
    this.#operators?.resumeAll();
  }

  #isOver(): boolean {
    if (this.#running.size > 0 || this.#operators?.isBusy === true) return false;
    for (const { versions } of this.oracle.committed.rows.values()) {
      if (!FINAL.has(versions.at(-1)?.value.state.phase ?? "queued")) return false;
    }
    return true;
  }

  #judgeFailed(userId: string, reason: FailureReason): void {
    const { oracle } = this;
    oracle.expect(!NEVER_FINAL.includes(reason), 3, () => `${userId} failed as ${reason}, which is no end`);
    const isProtected = reason !== "protected-object" || this.#weather.protectedUsers.has(userId);
    oracle.expect(isProtected, 4, () => `${userId} failed as ${reason}, and only the permission was gone`);
  }

  #judgeEnd(): void {
    const { oracle } = this;
    const { rows } = oracle.committed;
    oracle.expect(
      rows.size === this.#options.users,
      3,
      () => `${this.#options.users} were accepted, ${rows.size} have a row`,
    );
    for (const [userId, { wave, versions }] of rows) {
      const last = versions.at(-1)?.value;
      if (last === undefined) continue;
      const { phase } = last.state;
      oracle.expect(FINAL.has(phase), 3, () => `${userId} of ${wave} is ${phase} for ever: ${JSON.stringify(last)}`);
      if (last.state.phase === "failed") this.#judgeFailed(userId, last.state.reason);
      const person = this.#tenant.people.get(userId);
      if (phase === "enforced" && person !== undefined)
        oracle.expect(
          person.mfaState === "enforced",
          4,
          () => `${userId} is enforced by its row, ${person.mfaState} in the tenant`,
        );
    }
  }
}

/** Reasons that no user may be failed for: the tenant was busy, or nobody was judged. */
const NEVER_FINAL: readonly FailureReason[] = ["throttled", "mailbox-busy", "permission-missing", "user-gone"];

export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const world = new World(options);
  await world.run();
  const { oracle, scheduler, swarm, trace } = world;
  return {
    violations: oracle.violations,
    steps: scheduler.steps,
    checks: oracle.checks,
    faults: swarm.counts,
    reached: oracle.reached,
    traceHash: trace.hash,
    lastSteps: trace.last,
  };
}
