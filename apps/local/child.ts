// The child's side of the protocol, the same for all roles: hello, init, ready, then hold, jump, go, fire, close. A child
// never outlives its supervisor, and never acts on a clock that the supervisor did not set.
import { Worker } from "node:worker_threads";
import type { z } from "zod";
import { UserFault } from "../../shared/domain/fault.ts";
import { unreachable } from "../../shared/domain/unreachable.ts";
import { OffsetClock } from "./clock.ts";
import { diskFull, isDiskFull } from "./disk-full.ts";
import { parseToChild } from "./protocol.ts";
import type { DeclaredTimer, Fire, Held, Role, ToChild, ToSupervisor } from "./protocol.ts";

/** Hints for the supervisor that save it questions; never a proof that nothing runs. */
export interface Hints {
  busy(): void;
  idle(serial: number): void;
}

export interface StartedChild {
  readonly ports: Readonly<Record<string, number>>;
  readonly timers?: readonly DeclaredTimer[];
  readonly info?: Readonly<Record<string, string>>;
  /** Starts nothing from now on; what arrives waits. Answers what is still under way. */
  hold?(): Held | Promise<Held>;
  go?(): void;
  /** After the clock has been set forward; called before the supervisor is told. */
  jumped?(): void;
  fire?(order: Fire): Promise<boolean>;
  ask?(what: string): unknown;
  close(): Promise<void>;
}

export interface ChildProgram<Settings> {
  readonly role: Role;
  readonly settings: z.ZodType<Settings>;
  start(settings: Settings, clock: OffsetClock, hints: Hints): Promise<StartedChild>;
}

/** Exit codes of children; the supervisor only needs 0 or not. */
const EXIT = { closed: 0, failed: 1, fault: 2, orphaned: 3, outOfStep: 4 } as const;

// Exit from outside the process's own logic: a host replaces process.exit to notice functions that call it.
const exit = process.exit.bind(process);

export function runChild<Settings>(program: ChildProgram<Settings>): void {
  if (process.send === undefined) {
    process.stderr.write(`This is a part of the embedded runtime and is started by it. Use "npm start".\n`);
    exit(EXIT.fault);
  }
  watchParent();
  process.on("disconnect", () => exit(EXIT.orphaned));
  // Ctrl-C, or a service manager's stop, reaches the whole process group; the supervisor decides in which order its children end.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);

  const child = new Child(program);
  // The host's process is the worker, and says itself what ends it.
  if (program.role !== "host") process.on("uncaughtException", (error) => child.fail(error));
  process.on("message", (message) => {
    child.receive(message).catch((error: unknown) => child.fail(error));
  });
  tell({ kind: "hello", role: program.role, pid: process.pid });
}

type State<Settings> =
  | { readonly kind: "waiting"; readonly program: ChildProgram<Settings> }
  | { readonly kind: "starting"; readonly clock: OffsetClock }
  | { readonly kind: "running"; readonly clock: OffsetClock; readonly started: StartedChild };

class Child<Settings> {
  #state: State<Settings>;
  #ending = false;
  readonly #role: Role;

  constructor(program: ChildProgram<Settings>) {
    this.#state = { kind: "waiting", program };
    this.#role = program.role;
  }

  async receive(raw: unknown): Promise<void> {
    const message = parseToChild(raw);
    if (message.kind === "init") return this.#start(message);
    if (message.kind === "close") return this.close();
    if (this.#state.kind !== "running") throw new Error(`"${message.kind}" came before this process was ready`);
    return obey(message, this.#state.started, this.#state.clock);
  }

  async #start(init: Extract<ToChild, { kind: "init" }>): Promise<void> {
    if (this.#state.kind !== "waiting") throw new Error("init came twice");
    const { program } = this.#state;
    const clock = new OffsetClock({ seq: init.seq, offset: init.offset }, init.rate);
    this.#state = { kind: "starting", clock };
    const hints: Hints = {
      busy: () => tell({ kind: "busy" }),
      idle: (serial) => tell({ kind: "idle", serial }),
    };
    const started = await program.start(program.settings.parse(init.settings), clock, hints);
    this.#state = { kind: "running", clock, started };
    const { ports, timers = [], info = {} } = started;
    tell({ kind: "ready", ports: { ...ports }, timers: [...timers], info: { ...info } });
  }

  async close(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    if (this.#state.kind === "running") await this.#state.started.close();
    exit(EXIT.closed);
  }

  /** Says why, so that the supervisor can show it, and ends. */
  fail(thrown: unknown): void {
    const error = isDiskFull(thrown) ? diskFull(`the ${this.#role}'s data`) : thrown;
    const faults =
      error instanceof UserFault ? error.faults.map(({ what, fix, at }) => ({ what, fix, where: at.where })) : [];
    const message = describeEnd(error);
    process.stderr.write(`${message}\n`);
    const code = exitCodeOf(error);
    const send = process.connected ? process.send?.bind(process) : undefined;
    if (send === undefined) exit(code);
    // The exit waits for the message: what is still in the channel when a process ends is lost.
    send?.({ kind: "fatal", message, faults } satisfies ToSupervisor, () => exit(code));
  }
}

/** A person's fault in one sentence; a bug with its stack. */
function describeEnd(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof UserFault ? error.message : (error.stack ?? error.message);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UserFault) return EXIT.fault;
  return error instanceof Error && error.name === "BackwardsJump" ? EXIT.outOfStep : EXIT.failed;
}

async function obey(
  message: Exclude<ToChild, { kind: "init" | "close" }>,
  started: StartedChild,
  clock: OffsetClock,
): Promise<void> {
  switch (message.kind) {
    case "hold": {
      tell({ kind: "held", n: message.n, held: (await started.hold?.()) ?? { of: "other" } });
      return;
    }
    case "jump":
      clock.jump({ seq: message.seq, offset: message.offset });
      started.jumped?.();
      {
        tell({ kind: "jumped", seq: message.seq });
        return;
      }
    case "go":
      return started.go?.();
    case "fire":
      if (started.fire === undefined) throw new Error("this process has no timers");
      {
        tell({ kind: "fired", id: message.id, ok: await started.fire(message) });
        return;
      }
    case "ask": {
      tell({ kind: "answer", id: message.id, value: (await started.ask?.(message.what)) ?? null });
      return;
    }
    default:
      return unreachable(message);
  }
}

/** Nothing of a part can be acknowledged any more: its process ends, outside of whatever promise found out, and says why. */
export function endChild(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}

/** A message to a supervisor that has just died is dropped: "disconnect" ends this process a moment later. */
function tell(message: ToSupervisor): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/**
 * A process in a synchronous loop never hears "disconnect", so a thread of its own looks whether the parent is still the
 * same: an orphan is given to another parent. Every 250 ms: cheap, and well within the two seconds in which a tree is gone.
 */
function watchParent(): void {
  const code = `const parent = Number(require("node:worker_threads").workerData);
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 250);`;
  const watcher = new Worker(code, { eval: true, workerData: process.ppid, execArgv: [], env: {} });
  watcher.unref();
}
