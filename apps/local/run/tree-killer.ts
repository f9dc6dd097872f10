// Kills whole runs: every process of one, at once, with SIGKILL, and starts the next in the same folder until everybody is final.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { chance } from "../chance.ts";
import type { KillFlags } from "./kill-flags.ts";
import type { Moment } from "./kill-moments.ts";
import { killDelayMs, momentsOf } from "./kill-moments.ts";
import { formatInstant } from "./live-status.ts";
import type { Ended, Folders, Killed } from "./one-run.ts";
import type { Progress, TreeAsk, TreeMessage } from "./tree-protocol.ts";
import { treeMessage } from "./tree-protocol.ts";

/** So many kills meet a start, the first of them the apply: after so long on the wall, because no virtual time passes then. */
const START_EVERY = 10;
const START_MS_MAX = 2_500;
const PATIENCE_MESSAGES = 5;

type TreeMoment = Moment | { readonly by: "start"; readonly at: number };

interface CutShort {
  readonly kind: "killed";
  readonly looks: number;
}

/** Of a life: what ended it. */
type Life = CutShort | Extract<TreeMessage, { kind: "ended" }>;

export class TreeKiller {
  #kills = 0;
  #busyKills = 0;
  /** Looks of the planner in the lives before this one. */
  #looksBefore = 0;
  readonly #flags: KillFlags;
  readonly #moments: readonly TreeMoment[];
  readonly #say: (line: string) => void;

  constructor(flags: KillFlags, calm: Ended, say: (line: string) => void) {
    this.#flags = flags;
    this.#moments = momentsOf(flags, calm).map((moment, kill) =>
      kill % START_EVERY > 0 ? moment : { by: "start", at: chance(flags.seed, `start/${kill}`) * START_MS_MAX },
    );
    this.#say = say;
  }

  async run({ dataDir, programsDir }: Folders): Promise<Killed> {
    const began = performance.now();
    const { users, seed } = this.#flags;
    for (;;) {
      const life = await this.#live(join(programsDir, "tree-child.js"), { users, seed, dataDir });
      this.#looksBefore += life.looks;
      if (life.kind === "killed") continue;
      return {
        ...life,
        phases: new Map(life.phases),
        looks: this.#looksBefore,
        kills: this.#kills,
        busyKills: this.#busyKills,
        wallMs: Math.round(performance.now() - began),
      };
    }
  }

  #live(program: string, ask: TreeAsk): Promise<Life> {
    // Detached: the leader of a group, so that one signal reaches all.
    const child = spawn(process.execPath, ["--enable-source-maps", program, JSON.stringify(ask)], {
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const endGroup = (): void => killGroup(child);
    process.once("exit", endGroup);
    let looks = 0;
    let last: Life | null = null;
    let isKilling = false;
    const moment = this.#moments[this.#kills];
    if (moment?.by === "start") setTimeout(() => this.#kill(child, { isBusy: true, during: "the start" }), moment.at);
    const onProgress = (progress: Progress): void => {
      ({ looks } = progress);
      if (isKilling || !this.#isTime(progress)) return;
      isKilling = true;
      const { isBusy, now } = progress;
      setTimeout(
        () => this.#kill(child, { isBusy, during: formatInstant(now) }),
        killDelayMs(this.#flags.seed, this.#kills),
      );
    };
    return new Promise((resolve, reject) => {
      child.on("message", (raw) => {
        const message = treeMessage.parse(raw);
        if (message.kind === "progress") onProgress(message);
        else last = message;
      });
      child.once("error", reject);
      child.once("close", (code, signal) => {
        process.removeListener("exit", endGroup);
        if (last !== null) resolve(last);
        else if (signal === "SIGKILL") resolve({ kind: "killed", looks });
        else reject(new Error(`the run ended by itself (exit code ${String(code)}, signal ${String(signal)})`));
      });
    });
  }

  #isTime({ looks, received, isBusy }: Progress): boolean {
    const moment = this.#moments[this.#kills];
    if (moment === undefined || moment.by === "start") return false;
    if (moment.by === "looks") return this.#looksBefore + looks > moment.at;
    // Handlers are short: the kill waits for the next one that is seen at work, but not for ever.
    return received > moment.at && (isBusy || received > moment.at + PATIENCE_MESSAGES);
  }

  #kill(child: ChildProcess, { isBusy, during }: { readonly isBusy: boolean; readonly during: string }): void {
    if (child.exitCode !== null) return; // it came to its end just before
    const by = this.#moments[this.#kills]?.by ?? "";
    killGroup(child);
    this.#kills += 1;
    if (isBusy) this.#busyKills += 1;
    this.#say(`kill ${this.#kills} by ${by}: everything, ${isBusy ? "busy" : "idle"}, at ${during}`);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // No such group: everything in it has ended.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
