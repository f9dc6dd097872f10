// The supervisor's end of one child: fork, the questions of the protocol as promises, and its death as an event. Whoever
// waits for the answer of a child that dies gets `null`: a dead child has refused.
import { fork } from "node:child_process";
import type { ChildProcess as NodeChild } from "node:child_process";
import { createInterface } from "node:readline";
import { UserFault } from "../../../shared/domain/fault.ts";
import { unreachable } from "../../../shared/domain/unreachable.ts";
import { parseToSupervisor } from "../protocol.ts";
import type { Fire, Held, Ready, Role, ToChild, ToSupervisor } from "../protocol.ts";

export interface Death {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ForkOptions {
  readonly entry: string;
  readonly role: Role;
  readonly environment: NodeJS.ProcessEnv;
  /** How far its clock is off; it jumps with the others. */
  readonly skewMs?: number;
  /** Most of its heap's old space; absent: as Node finds right for the machine. */
  readonly heapMb?: number;
  /** One line of the child's stdout or stderr. */
  readonly onLine: (line: string) => void;
  /** The child says that its work has begun or ended: time to look again. */
  readonly onHint: () => void;
  readonly onDeath: (death: Death) => void;
}

export class SupervisedChild {
  readonly role: Role;
  readonly ready: Promise<Ready>;
  isReady = false;
  isBusy = false;
  /** Invocations ended, as last heard. */
  serial = 0;
  readonly #process: NodeChild;
  readonly #options: ForkOptions;
  readonly #skewMs: number;
  readonly #waiting = new Map<string, (value: unknown) => void>();
  #death: Death | null = null;
  #fatal: Extract<ToSupervisor, { kind: "fatal" }> | null = null;
  #onDead: (() => void)[] = [];
  #asked = 0;

  constructor(
    options: ForkOptions,
    init: {
      readonly seq: () => number;
      readonly offset: () => number;
      /** Of its clock; default 1. */
      readonly rate?: number;
      readonly settings: unknown;
    },
  ) {
    this.#options = options;
    this.#skewMs = options.skewMs ?? 0;
    this.role = options.role;
    this.#process = fork(options.entry, [], {
      env: options.environment,
      execArgv: ["--enable-source-maps", ...heapLimit(options.heapMb)],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", options.onLine);
    }
    this.ready = new Promise((resolve, reject) => {
      this.#onDead.push(() => reject(this.deathFault()));
      this.#process.on("message", (raw) => {
        const message = parseToSupervisor(raw);
        if (message.kind === "hello") {
          // The clock is read now and not at the fork: no jump may happen in between, but the wall has gone on.
          const { seq, offset, rate = 1, settings } = init;
          this.send({ kind: "init", seq: seq(), offset: offset() + this.#skewMs, rate, settings });
        } else if (message.kind === "ready") {
          this.isReady = true;
          resolve(message);
        } else this.#receive(message);
      });
    });
    this.ready.catch(() => undefined); // whoever waits for it sees the fault; nobody has to
    this.#process.on("error", () => this.#die({ code: null, signal: null }));
    this.#process.on("exit", (code, signal) => {
      // Its last words may still be in the channel, whose end comes after them.
      if (this.#process.connected) this.#process.once("disconnect", () => this.#die({ code, signal }));
      else this.#die({ code, signal });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isDead(): boolean {
    return this.#death !== null;
  }

  send(message: ToChild): void {
    // Between a death and its event the channel may be closed already: the event tells.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  async hold(n: number): Promise<Held | null> {
    const answer = await this.#ask(`held ${String(n)}`, { kind: "hold", n });
    return answer === null ? null : answer.kind === "held" ? answer.held : null;
  }

  async jump(to: { readonly seq: number; readonly offset: number }): Promise<void> {
    const { seq, offset } = to;
    await this.#ask(`jumped ${String(seq)}`, { kind: "jump", seq, offset: offset + this.#skewMs });
  }

  go(seq: number): void {
    this.send({ kind: "go", seq });
  }

  /** Null: the child died before the timer's end. */
  async fire(order: Fire): Promise<boolean | null> {
    const answer = await this.#ask(`fired ${String(order.id)}`, order);
    return answer?.kind === "fired" ? answer.ok : null;
  }

  async ask(what: string): Promise<unknown> {
    const id = ++this.#asked;
    const answer = await this.#ask(`answer ${String(id)}`, { kind: "ask", id, what });
    return answer?.kind === "answer" ? answer.value : null;
  }

  kill(): void {
    if (!this.isDead) this.#process.kill("SIGKILL");
  }

  /** Stands still, with all its sockets and locks, and goes on after `ms`. */
  freeze(ms: number): void {
    if (this.isDead) return;
    this.#process.kill("SIGSTOP");
    setTimeout(() => this.#process.kill("SIGCONT"), ms);
  }

  /** Asks it to end, and ends it after `graceMs`. Resolves when the process is gone. */
  async close(graceMs: number): Promise<void> {
    if (this.isDead) return;
    const gone = new Promise<void>((resolve) => this.#onDead.push(resolve));
    const timer = setTimeout(() => this.kill(), graceMs);
    this.send({ kind: "close" });
    await gone;
    clearTimeout(timer);
  }

  async #ask(key: string, message: ToChild): Promise<ToSupervisor | null> {
    if (this.isDead) return null;
    return new Promise((resolve) => {
      this.#waiting.set(key, (value) => resolve(value === null ? null : parseToSupervisor(value)));
      this.send(message);
    });
  }

  #answer(key: string, message: ToSupervisor): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    waiting?.(message);
  }

  #receive(message: Exclude<ToSupervisor, { kind: "hello" | "ready" }>): void {
    switch (message.kind) {
      case "busy":
        this.isBusy = true;
        return this.#options.onHint();
      case "idle":
        this.isBusy = false;
        this.serial = message.serial;
        return this.#options.onHint();
      case "held":
        if (message.held.of === "host") this.serial = message.held.serial;
        return this.#answer(`held ${String(message.n)}`, message);
      case "jumped":
        return this.#answer(`jumped ${String(message.seq)}`, message);
      case "fired":
        return this.#answer(`fired ${String(message.id)}`, message);
      case "answer":
        return this.#answer(`answer ${String(message.id)}`, message);
      case "fatal":
        this.#fatal = message;
        return;
      default:
        return unreachable(message);
    }
  }

  #die(death: Death): void {
    if (this.#death !== null) return;
    this.#death = death;
    for (const resolve of this.#waiting.values()) resolve(null);
    this.#waiting.clear();
    for (const tell of this.#onDead) tell();
    this.#options.onDeath(death);
  }

  /** What ended it, in the child's own words where it had any. */
  deathFault(): Error {
    const fatal = this.#fatal;
    if (fatal !== null && fatal.faults.length > 0) {
      return new UserFault(fatal.faults.map(({ what, fix, where }) => ({ what, fix, at: { where } })));
    }
    const how = this.#death?.signal ?? `exit code ${String(this.#death?.code)}`;
    return new Error(
      fatal?.message ?? `the ${this.role} process ended (${how})${this.isReady ? "" : " before it was ready"}`,
    );
  }
}

function heapLimit(heapMb: number | undefined): readonly string[] {
  return heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
}
