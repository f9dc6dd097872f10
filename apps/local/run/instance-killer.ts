// Kills single instances of a run, at moments that a seed picks.
import type { SupervisorEvent } from "../supervisor/options.ts";
import { chance } from "../chance.ts";
import type { KillFlags } from "./kill-flags.ts";
import type { Moment } from "./kill-moments.ts";
import { killDelayMs, momentsOf } from "./kill-moments.ts";
import { formatInstant } from "./live-status.ts";
import type { Disturbance, Ended } from "./one-run.ts";
import { INSTANCES, readReceived } from "./one-run.ts";
import type { Session } from "./session.ts";

const LOOK_MS = 5;

export class InstanceKiller implements Disturbance {
  kills = 0;
  busyKills = 0;
  #looks = 0;
  #received = 0;
  #session: Session | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isKilling = false;
  readonly #moments: readonly Moment[];
  readonly #flags: KillFlags;
  readonly #say: (line: string) => void;

  constructor(flags: KillFlags, calm: Ended, say: (line: string) => void) {
    this.#moments = momentsOf(flags, calm);
    this.#flags = flags;
    this.#say = say;
  }

  begin(session: Session): void {
    this.#session = session;
    this.#timer = setTimeout(() => void this.#look(session), LOOK_MS);
  }

  onEvent(event: SupervisorEvent): void {
    if (event.kind !== "jumped" || event.because !== "planner") return;
    this.#looks += 1;
    this.#tryKill();
  }

  end(): void {
    this.#session = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(session: Session): Promise<void> {
    this.#received = await readReceived(session);
    if (this.#session === null) return;
    this.#tryKill();
    this.#timer = setTimeout(() => void this.#look(session), LOOK_MS);
  }

  #tryKill(): void {
    const moment = this.#moments[this.kills];
    if (moment === undefined || this.#isKilling) return;
    if ((moment.by === "messages" ? this.#received : this.#looks) <= moment.at) return;
    this.#isKilling = true;
    setTimeout(() => this.#kill(moment.by), killDelayMs(this.#flags.seed, this.kills));
  }

  #kill(by: string): void {
    this.#isKilling = false;
    if (this.#session === null) return;
    const { supervisor } = this.#session;
    const fallback = Math.floor(chance(this.#flags.seed, `instance/${this.kills}`) * INSTANCES);
    const instance = supervisor.busyInstances()[0] ?? fallback;
    const met = supervisor.killInstance(instance);
    if (met === "dead") return; // the next moment tries again
    this.kills += 1;
    if (met === "busy") this.busyKills += 1;
    this.#say(`kill ${this.kills} by ${by}: instance ${instance}, ${met}, at ${formatInstant(supervisor.now())}`);
  }
}
