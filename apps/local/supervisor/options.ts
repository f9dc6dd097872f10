// What the supervisor is asked for and what it tells: the surface for apps/local/run and for tests.
import type { Keys } from "../host/http-server.ts";
import type { QueueOptions } from "../broker/queue.ts";
import type { TenantChildOptions } from "./tenant-settings.ts";

export interface SupervisorOptions {
  /** Built entry points, one a role. */
  readonly entries: {
    readonly host: string;
    readonly broker: string;
    readonly tables: string;
    readonly tenant: string;
  };
  /** Folder with the function app's package.json and host.json. */
  readonly functionAppDir: string;
  /** Settings of the app, over this process's environment; asked once the addresses are known. */
  readonly settings: (addresses: Addresses) => Readonly<Record<string, string>>;
  readonly instances: number;
  /** 0 picks a free one. HTTP is served by instance 0. */
  readonly ports: { readonly http: number; readonly broker: number; readonly tables: number; readonly tenant: number };
  readonly keys: Keys;
  /** Everything is kept below it; the same folder resumes. */
  readonly dataDir: string;
  readonly queues: readonly QueueOptions[];
  /** Null: Graph is somewhere else, and time runs at 1x. */
  readonly tenant: TenantChildOptions | null;
  /** First virtual instant of a new folder; null is now. A folder that resumes goes on from where it was. */
  readonly start: number | null;
  readonly speed: Speed;
  /** The timer whose work is announced by `readWakeAt`. */
  readonly planner: string;
  /** When the planner next has something to do; null when it does not know. */
  readonly readWakeAt: (addresses: Addresses) => Promise<number | null>;
  readonly recordGraphFile: string | null;
  /** Of the faults of tables and broker, which are switched by `ask`; default 1. */
  readonly faultSeed?: number;
  /** How far the clock of an instance is off in its n-th life; default 0. */
  readonly skewMs?: (instance: number, start: number) => number;
  readonly log: (line: string) => void;
  readonly observe: (event: SupervisorEvent) => void;
}

export type Speed =
  | { readonly kind: "max" }
  /** Virtual seconds a second while nothing is in flight. */
  | { readonly kind: "times"; readonly factor: number }
  /** Whole virtual seconds a second, always, also while something is in flight: nothing is held, nothing jumps. A new folder only. */
  | { readonly kind: "steady"; readonly factor: number }
  /** 1x, always: something outside of our time takes part. */
  | { readonly kind: "wall" };

export interface Addresses {
  readonly tables: { readonly port: number; readonly connectionString: string };
  readonly broker: { readonly port: number; readonly connectionString: string };
  /** `url` is the Graph root, `identityEndpoint` the managed-identity endpoint. */
  readonly tenant: { readonly port: number; readonly url: string; readonly identityEndpoint: string } | null;
}

/** `at` is virtual. */
export type SupervisorEvent =
  | { readonly kind: "instance-started"; readonly at: number; readonly instance: number; readonly pid: number }
  | {
      readonly kind: "instance-died";
      readonly at: number;
      readonly instance: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | { readonly kind: "jumped"; readonly at: number; readonly from: number; readonly because: string }
  | {
      readonly kind: "timer-fired";
      readonly at: number;
      readonly name: string;
      readonly due: number;
      readonly isPastDue: boolean;
    }
  | { readonly kind: "timer-ended"; readonly at: number; readonly name: string; readonly ok: boolean }
  | { readonly kind: "failed"; readonly at: number; readonly error: Error };

export interface Supervisor {
  readonly addresses: Addresses;
  readonly httpPort: number;
  /** Virtual now. */
  now(): number;
  /** Lets time run and timers fire. Until then it runs at 1x and no timer fires: time to put the rollout into the tables. */
  run(): void;
  /** Somebody has written to the tables without an invocation: the planner's word is not believed until it has looked again. */
  touched(): void;
  /** Those that have work under way, as far as is known here. */
  busyInstances(): number[];
  /** SIGKILL; it is started again. `busy`: it had work under way, as far as is known here. */
  killInstance(instance: number): "busy" | "idle" | "dead";
  /** It is asked to end, finishes what it has, and is started again. */
  restartInstance(instance: number): void;
  /** It stands still for so long on the wall, sockets and locks in hand. */
  freezeInstance(instance: number, ms: number): void;
  /** `stats` of the table server; `faults <JSON of [{name, rate}]>` switches its faults. */
  askTables(what: string): Promise<unknown>;
  /** `counts` or `stats` of the broker; `cut` closes all its connections, as a failing network does; `faults` as above. */
  askBroker(what: string): Promise<unknown>;
  /** `memory` of each live instance. */
  askInstances(what: "memory"): Promise<unknown[]>;
  /** `stats` or `account` of the tenant. */
  askTenant(what: string): Promise<unknown>;
  /** Process ids of all living children. */
  pids(): number[];
  /** Resolves, with the reason, if a child died that cannot be started again; the rest is then stopped. */
  readonly failed: Promise<Error>;
  /** Drains the hosts, then ends broker, tenant and tables, and saves. */
  stop(): Promise<void>;
}
