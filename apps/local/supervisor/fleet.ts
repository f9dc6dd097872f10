// The supervisor's processes: three that must live (tables, broker, tenant) and n instances of the app that may die at any
// moment and are started again, as a worker or an instance is in Azure.
import { SupervisedChild } from "./child-process.ts";
import type { Death, ForkOptions } from "./child-process.ts";
import type { DeclaredTimer, Ready, Role } from "../protocol.ts";

export interface FleetEvents {
  readonly onLine: (line: string) => void;
  readonly onHint: () => void;
  readonly onInstanceReady: (instance: number, child: SupervisedChild, ready: Ready) => void;
  readonly onInstanceDeath: (instance: number, death: Death) => void;
  /** A child has died that is not started again, or an instance that does not get up any more. */
  readonly onFailure: (error: Error) => void;
}

export interface FleetOptions {
  readonly events: FleetEvents;
  readonly seq: () => number;
  readonly offset: () => number;
  /** Of everybody's clock; default 1. */
  readonly rate?: number;
}

interface Slot {
  child: SupervisedChild | null;
  /** Starts that failed before the instance was ready, in a row. */
  failures: number;
  starts: number;
}

export interface InstanceStart {
  readonly environment: NodeJS.ProcessEnv;
  readonly settings: unknown;
  readonly skewMs: number;
}

/**
 * The smallest instance of Azure has 512 MB, of which Node takes half for its heap. On a machine with plenty, V8 would let garbage lie
 * until an instance is several times what it needs, and nobody would see what does not fit there.
 */
const INSTANCE_HEAP_MB = 256;
const RESTART_MS = { first: 20, most: 2_000 } as const;
const STARTS_MAX = 5;
/** A host drains for at most 10 s and gives its hooks 5; the others only write a file. */
const HOST_GRACE_MS = 16_000;
const GRACE_MS = 10_000;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #parts = new Map<Role, SupervisedChild>();
  readonly #slots: Slot[] = [];
  #isClosing = false;
  #startInstance: ((instance: number, start: number) => SupervisedChild) | null = null;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Starts one of the parts that must live. */
  async startPart(role: Role, entry: string, settings: unknown): Promise<Ready> {
    const { onFailure } = this.#options.events;
    const child = this.#fork({ role, entry, environment: process.env }, settings, () => {
      if (!this.#isClosing && child.isReady) onFailure(child.deathFault());
    });
    this.#parts.set(role, child);
    return child.ready;
  }

  /** Starts all instances; resolves with what the first one declared. */
  async startInstances(
    count: number,
    entry: string,
    startOf: (instance: number, start: number) => InstanceStart,
  ): Promise<readonly DeclaredTimer[]> {
    this.#startInstance = (instance, start) => {
      const { environment, settings, skewMs } = startOf(instance, start);
      const program = { role: "host", entry, environment, skewMs, heapMb: INSTANCE_HEAP_MB } as const;
      return this.#fork(program, settings, (death) => this.#instanceDied(instance, death));
    };
    const starts = Array.from({ length: count }, async (_, instance) => {
      this.#slots[instance] = { child: null, failures: 0, starts: 0 };
      const ready = await this.#raise(instance).ready;
      return ready.timers;
    });
    const [timers = []] = await Promise.all(starts);
    return timers;
  }

  /** Ready and alive. */
  get hosts(): SupervisedChild[] {
    return this.#slots.flatMap(({ child }) => (child?.isReady === true && !child.isDead ? [child] : []));
  }

  get isAnyStarting(): boolean {
    return this.hosts.length < this.#slots.length;
  }

  get isAnyBusy(): boolean {
    return this.hosts.some(({ isBusy }) => isBusy);
  }

  part(role: Role): SupervisedChild | null {
    return this.#parts.get(role) ?? null;
  }

  pids(): number[] {
    const all = [...this.#parts.values(), ...this.#slots.flatMap(({ child }) => child ?? [])];
    return all.filter(({ isDead }) => !isDead).map(({ pid }) => pid);
  }

  busyInstances(): number[] {
    return this.#slots.flatMap(({ child }, instance) => (child?.isBusy === true && !child.isDead ? [instance] : []));
  }

  killInstance(instance: number): "busy" | "idle" | "dead" {
    const child = this.#slots[instance]?.child;
    if (child == null || child.isDead) return "dead";
    child.kill();
    return child.isBusy ? "busy" : "idle";
  }

  /** Asked to end, it finishes what it has; another is started then. */
  restartInstance(instance: number): void {
    const child = this.#slots[instance]?.child;
    if (child?.isReady === true) void child.close(HOST_GRACE_MS);
  }

  freezeInstance(instance: number, ms: number): void {
    this.#slots[instance]?.child?.freeze(ms);
  }

  /** Hosts first, so that nothing is in flight when broker and tables go. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(
      this.#slots.map(({ child }) => child?.close(child.isReady ? HOST_GRACE_MS : 0) ?? Promise.resolve()),
    );
    for (const role of ["broker", "tenant", "tables"] as const) await this.#parts.get(role)?.close(GRACE_MS);
  }

  #fork(
    program: Omit<ForkOptions, keyof FleetEvents | "onDeath">,
    settings: unknown,
    onDeath: (death: Death) => void,
  ): SupervisedChild {
    const { events, seq, offset, rate = 1 } = this.#options;
    const { onLine, onHint } = events;
    return new SupervisedChild({ ...program, onLine, onHint, onDeath }, { seq, offset, rate, settings });
  }

  #raise(instance: number): SupervisedChild {
    const slot = this.#slots[instance];
    if (slot === undefined || this.#startInstance === null) throw new Error("instances are started first");
    slot.starts += 1;
    const child = this.#startInstance(instance, slot.starts);
    slot.child = child;
    child.ready.then(
      (ready) => {
        slot.failures = 0;
        this.#options.events.onInstanceReady(instance, child, ready);
      },
      () => undefined, // its death says so too
    );
    return child;
  }

  #instanceDied(instance: number, death: Death): void {
    const slot = this.#slots[instance];
    if (slot === undefined || this.#isClosing) return;
    const { onInstanceDeath, onFailure } = this.#options.events;
    if (slot.child?.isReady !== true) slot.failures++;
    onInstanceDeath(instance, death);
    if (slot.failures >= STARTS_MAX) {
      onFailure(new Error(`instance ${String(instance)} failed to start ${String(STARTS_MAX)} times in a row`));
      return;
    }
    const delayMs = slot.failures === 0 ? 0 : Math.min(RESTART_MS.most, RESTART_MS.first * 2 ** slot.failures);
    setTimeout(() => {
      if (!this.#isClosing) this.#raise(instance);
    }, delayMs);
  }
}
