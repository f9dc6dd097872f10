// One seed: three instances of the app, a tenant, people and operators, on one clock; then, when the faults have stopped, everybody must
// come to an end.
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import { budgetFrom } from "../../../shared/domain/ledger.ts";
import { CLOCK_MARGIN_MS } from "../../../shared/domain/policy.ts";
import { createMemoryTables } from "../../../shared/memory/memory-tables.ts";
import { SeededRandom } from "../../../shared/memory/seeded-chance.ts";
import { nodeHash } from "../../../shared/azure/node-chance.ts";
import { applySpec } from "./apply-spec.ts";
import { Committed } from "./committed.ts";
import { Swarm } from "./faults.ts";
import { drawEvents } from "./draw-events.ts";
import { handleMessage } from "./handle-message.ts";
import { FINAL, judgeEnd } from "./judge-end.ts";
import { Operators } from "./operators.ts";
import { Oracle } from "./oracle.ts";
import { BREAK_GLASS, populate, specOf, START } from "./people.ts";
import type { Caller } from "./port-calls.ts";
import { PortCalls } from "./port-calls.ts";
import { Scheduler } from "./scheduler.ts";
import type { SeedOptions, SeedResult } from "./seed.ts";
import { SimBus } from "./sim-bus.ts";
import type { SimMessage } from "./sim-bus.ts";
import { depsOf } from "./sim-deps.ts";
import type { SimDeps } from "./sim-deps.ts";
import type { GraphWeather } from "./sim-graph.ts";
import { stepFault } from "./sim-graph.ts";
import { TableFaults } from "./sim-tables.ts";
import { SimTenant } from "./sim-tenant.ts";
import { Timers } from "./timers.ts";
import { Trace } from "./trace.ts";

const INSTANCES = 3;
/** Faults and people's acts end then. */
const QUIET_AT: Instant = START + 24 * DAY_MS;
/** By then everybody must be final or held. */
const END_AT: Instant = START + 150 * DAY_MS;

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
    const { clock } = this.scheduler;
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
    drawEvents({
      calls: this.#calls,
      tenant: this.#tenant,
      weather: this.#weather,
      tableFaults: this.#tableFaults,
      from: START,
      days: (QUIET_AT - START) / DAY_MS,
      act: () => {
        if (this.#options.acts) this.#operators?.act();
      },
      trace: (what) => this.trace.add(this.scheduler.now, what),
    });
    this.#timers.begin();
    this.scheduler.at(QUIET_AT, "quiet", () => this.#quiet());
    while (this.scheduler.now < END_AT && this.oracle.violations.length === 0) {
      if ((await this.scheduler.step()) === null) break;
      if (this.#isQuiet && this.#isOver()) break;
    }
    if (this.oracle.violations.length === 0) judgeEnd(this.oracle, this.#tenant, this.#weather, this.#options.users);
  }

  /** By a person's command, before the faults begin. */
  async #apply(): Promise<void> {
    const { users } = this.#options;
    const random = new SeededRandom(this.#options.seed ^ 0xbeef);
    const registers = populate(this.#tenant, users, random);
    const spec = specOf(random);
    for (const { id } of BREAK_GLASS) this.oracle.breakGlass.add(id);
    this.#tableFaults.isSpared = true;
    await applySpec(spec, { tables: this.#innerTables, tenant: this.#tenant, newId: () => this.#newId() });
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
    clock: this.scheduler.clock,
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
    const deps = depsOf(caller, {
      calls: this.#calls,
      tables: this.#innerTables,
      graph: {
        tenant: this.#tenant,
        calls: this.#calls,
        weather: this.#weather,
        watch: this.oracle,
        clock: this.scheduler.clock,
      },
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
    this.#run(
      receiver,
      message.id,
      () => handleMessage(deps, message),
      (result) => {
        if (result === "ok" || result === "threw") ended(result);
        this.#timers.disturb();
      },
    );
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
}

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
