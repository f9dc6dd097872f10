// Kills single instances of a run, at moments that a seed picks.
import { chance } from "../chance.ts";
import type { KillFlags } from "./kill-flags.ts";
import type { Moment } from "./kill-moments.ts";
import { killDelayMs, momentsOf } from "./kill-moments.ts";
import { formatInstant } from "./live-status.ts";
import type { Ended, Folders, Killed, Progress } from "./one-run.ts";
import { INSTANCES, runOnce } from "./one-run.ts";

export class InstanceKiller {
  #kills = 0;
  #busyKills = 0;
  #isKilling = false;
  readonly #moments: readonly Moment[];
  readonly #flags: KillFlags;
  readonly #say: (line: string) => void;

  constructor(flags: KillFlags, calm: Ended, say: (line: string) => void) {
    this.#moments = momentsOf(flags, calm);
    this.#flags = flags;
    this.#say = say;
  }

  async run(folders: Folders): Promise<Killed> {
    const ended = await runOnce(this.#flags, folders, (progress) => this.#onProgress(progress));
    return { ...ended, kills: this.#kills, busyKills: this.#busyKills };
  }

  #onProgress(progress: Progress): void {
    const moment = this.#moments[this.#kills];
    if (moment === undefined || this.#isKilling) return;
    if ((moment.by === "messages" ? progress.received : progress.looks) <= moment.at) return;
    this.#isKilling = true;
    setTimeout(() => this.#kill(moment.by, progress), killDelayMs(this.#flags.seed, this.#kills));
  }

  #kill(by: string, { supervisor, over }: Progress): void {
    this.#isKilling = false;
    if (over.aborted) return;
    const fallback = Math.floor(chance(this.#flags.seed, `instance/${this.#kills}`) * INSTANCES);
    const instance = supervisor.busyInstances()[0] ?? fallback;
    const met = supervisor.killInstance(instance);
    if (met === "dead") return; // the next moment tries again
    this.#kills += 1;
    if (met === "busy") this.#busyKills += 1;
    this.#say(`kill ${this.#kills} by ${by}: instance ${instance}, ${met}, at ${formatInstant(supervisor.now())}`);
  }
}
