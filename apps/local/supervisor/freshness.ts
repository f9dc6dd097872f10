// Whether the planner's `wakeAt` may be believed: only if its last look succeeded, and since that look began no other
// invocation has ended and no host has died. Else the tables may hold work that the planner has not seen, and users would
// wait for hours until the cap, silently.
import type { SupervisedChild } from "./child-process.ts";
import { CAP_MS } from "./jump-target.ts";

export interface Look {
  /** Virtual instant at which it began. */
  readonly at: number;
  readonly disturbances: number;
  /** Ended invocations of each host, as known when the look began. */
  readonly serials: ReadonlyMap<SupervisedChild, number>;
}

export class Freshness {
  readonly #read: () => Promise<number | null>;
  #disturbances = 0;
  #look: Look | null = null;
  /** Read once a look: while it is fresh, nothing writes. */
  #known: { readonly wakeAt: number | null } | null = null;

  constructor(read: () => Promise<number | null>) {
    this.#read = read;
  }

  disturb(): void {
    this.#disturbances++;
  }

  beginLook(hosts: readonly SupervisedChild[], at: number): Look {
    this.#look = null;
    return { at, disturbances: this.#disturbances, serials: new Map(hosts.map((host) => [host, host.serial])) };
  }

  endLook(look: Look, ok: boolean): void {
    this.#look = ok ? look : null;
    this.#known = null;
  }

  /** Asked while all hosts are held. Never later than a cap after the last look: what `wakeAt` forgets is found then. */
  async wakeAt(hosts: readonly SupervisedChild[]): Promise<number | "unknown"> {
    const look = this.#look;
    if (look === null || !this.#isFresh(look, hosts)) return "unknown";
    try {
      this.#known ??= { wakeAt: await this.#read() };
    } catch {
      return "unknown"; // tables that do not answer: the planner looks at its next tick and says so
    }
    return Math.min(this.#known.wakeAt ?? Number.POSITIVE_INFINITY, look.at + CAP_MS);
  }

  #isFresh({ disturbances, serials }: Look, hosts: readonly SupervisedChild[]): boolean {
    return disturbances === this.#disturbances && hosts.every((host) => serials.get(host) === host.serial);
  }
}
