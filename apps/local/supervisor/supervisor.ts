// The embedded runtime's parent process: starts the parts, owns the clock, fires the timers, restarts dead instances.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { OffsetClock } from "../clock.ts";
import { startLocked } from "../durable/folder-lock.ts";
import type { DeclaredTimer } from "../protocol.ts";
import { openClockStore } from "./clock-store.ts";
import type { ClockStore } from "./clock-store.ts";
import { Fleet } from "./fleet.ts";
import type { FleetEvents } from "./fleet.ts";
import type { Addresses, Supervisor, SupervisorEvent, SupervisorOptions } from "./options.ts";
import { TimerTable } from "./timer-table.ts";
import { Timekeeper } from "./timekeeper.ts";

export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  mkdirSync(options.dataDir, { recursive: true });
  return startLocked(options.dataDir, 0, (unlock) => startParts(options, unlock));
}

async function startParts(options: SupervisorOptions, unlock: () => Promise<void>): Promise<Supervisor> {
  const store = openClockStore(options.dataDir);
  const run = new Run(options, firstClock(options, store), store);
  try {
    return await run.start(unlock);
  } catch (error) {
    await run.fleet.close();
    store.close();
    throw error;
  }
}

/** A folder that resumes goes on with its offset, and with more if the machine's clock was set back in between. */
function firstClock({ start, speed }: SupervisorOptions, { saved }: ClockStore): OffsetClock {
  if (speed.kind === "steady" && saved === null) {
    const first = Math.ceil(start ?? Date.now()) - Date.now() * speed.factor;
    return new OffsetClock({ seq: 0, offset: first }, speed.factor);
  }
  if (saved === null) return new OffsetClock({ seq: 0, offset: start === null ? 0 : Math.ceil(start - Date.now()) });
  const setBackMs = Math.max(0, Math.ceil(saved.wall - Date.now()));
  return new OffsetClock({ seq: saved.seq, offset: saved.offset + setBackMs });
}

class Run {
  readonly fleet: Fleet;
  readonly #options: SupervisorOptions;
  readonly #clock: OffsetClock;
  readonly #store: ClockStore;
  #timekeeper: Timekeeper | null = null;
  #httpPort = 0;
  #reportFailure: (error: Error) => void = () => undefined;

  constructor(options: SupervisorOptions, clock: OffsetClock, store: ClockStore) {
    this.#options = options;
    this.#clock = clock;
    this.#store = store;
    this.#httpPort = options.ports.http;
    const { rate } = clock;
    this.fleet = new Fleet({ events: this.#fleetEvents(), seq: () => clock.seq, offset: () => clock.offset, rate });
  }

  async start(unlock: () => Promise<void>): Promise<Supervisor> {
    const { readWakeAt, speed, tenant, planner } = this.#options;
    const failed = new Promise<Error>((resolve) => (this.#reportFailure = resolve));
    const addresses = await this.#startParts();
    const declared = await this.#startInstances(addresses);
    const timers = new TimerTable(declared, this.#store.saved?.timers ?? {}, this.#clock.now());
    const timekeeper = new Timekeeper({
      clock: this.#clock,
      store: this.#store,
      fleet: this.fleet,
      timers,
      // Time outside of ours takes part: jumping would leave it behind.
      speed: tenant === null ? { kind: "wall" } : speed,
      planner,
      readWakeAt: () => readWakeAt(addresses),
      observe: (event) => this.#observe(event),
    });
    this.#timekeeper = timekeeper;
    await timekeeper.save();
    return this.#surface(addresses, timekeeper, failed, unlock);
  }

  #surface(
    addresses: Addresses,
    timekeeper: Timekeeper,
    failed: Promise<Error>,
    unlock: () => Promise<void>,
  ): Supervisor {
    const { fleet } = this;
    const clock = this.#clock;
    const httpPort = this.#httpPort;
    let stopping: Promise<void> | null = null;
    const stop = async (): Promise<void> => {
      await timekeeper.stop();
      await fleet.close();
      try {
        await timekeeper.save();
      } finally {
        this.#store.close();
        await unlock();
      }
    };
    return {
      addresses,
      httpPort,
      failed,
      now: () => clock.now(),
      run: () => timekeeper.run((error) => this.#fail(error instanceof Error ? error : new Error(String(error)))),
      touched: () => timekeeper.disturb(),
      busyInstances: () => fleet.busyInstances(),
      killInstance: (instance) => fleet.killInstance(instance),
      restartInstance: (instance) => fleet.restartInstance(instance),
      freezeInstance: (instance, ms) => fleet.freezeInstance(instance, ms),
      askTables: async (what) => fleet.part("tables")?.ask(what) ?? null,
      askBroker: async (what) => fleet.part("broker")?.ask(what) ?? null,
      askTenant: async (what) => fleet.part("tenant")?.ask(what) ?? null,
      askInstances: (what) => Promise.all(fleet.hosts.map((host) => host.ask(what))),
      pids: () => fleet.pids(),
      stop: () => (stopping ??= stop()),
    };
  }

  async #startParts(): Promise<Addresses> {
    const { entries, ports, dataDir, queues, tenant, faultSeed = 1 } = this.#options;
    const folder = (name: string): string => {
      const path = join(dataDir, name);
      mkdirSync(path, { recursive: true });
      return path;
    };
    const [tables, broker, simulated] = await Promise.all([
      this.fleet.startPart("tables", entries.tables, { dataDir: folder("tables"), port: ports.tables, faultSeed }),
      this.fleet.startPart("broker", entries.broker, {
        dataDir: folder("broker"),
        port: ports.broker,
        queues,
        faultSeed,
      }),
      tenant === null
        ? null
        : this.fleet.startPart("tenant", entries.tenant, { ...tenant, dataDir: folder("tenant"), port: ports.tenant }),
    ]);
    const of = (
      part: { readonly ports: Record<string, number>; readonly info: Record<string, string> },
      name: string,
    ) => ({
      port: part.ports[name] ?? 0,
      connectionString: part.info["connectionString"] ?? "",
    });
    return {
      tables: of(tables, "tables"),
      broker: of(broker, "broker"),
      tenant:
        simulated === null
          ? null
          : {
              port: simulated.ports["tenant"] ?? 0,
              url: simulated.info["url"] ?? "",
              identityEndpoint: simulated.info["identityEndpoint"] ?? "",
            },
    };
  }

  #startInstances(addresses: Addresses): Promise<readonly DeclaredTimer[]> {
    const { entries, instances, functionAppDir, keys, recordGraphFile, settings, skewMs } = this.#options;
    const environment = { ...process.env, ...settings(addresses) };
    return this.fleet.startInstances(instances, entries.host, (instance, start) => ({
      environment,
      skewMs: skewMs?.(instance, start) ?? 0,
      settings: {
        appDir: functionAppDir,
        instance,
        httpPort: instance === 0 ? this.#httpPort : null,
        keys,
        recordGraphFile,
      },
    }));
  }

  #fleetEvents(): FleetEvents {
    const { log } = this.#options;
    return {
      onLine: log,
      onHint: () => this.#timekeeper?.hint(),
      onInstanceReady: (instance, child, ready) => {
        this.#httpPort = ready.ports["http"] ?? this.#httpPort; // a restarted instance serves where the first one did
        this.#observe({ kind: "instance-started", at: this.#clock.now(), instance, pid: child.pid });
        this.#timekeeper?.disturb();
      },
      onInstanceDeath: (instance, death) => {
        this.#observe({ kind: "instance-died", at: this.#clock.now(), instance, ...death });
        this.#timekeeper?.disturb();
      },
      onFailure: (error) => this.#fail(error),
    };
  }

  #fail(error: Error): void {
    this.#observe({ kind: "failed", at: this.#clock.now(), error });
    this.#reportFailure(error);
  }

  #observe(event: SupervisorEvent): void {
    this.#options.observe(event);
  }
}
