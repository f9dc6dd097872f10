// The faults of the simulation: what each does is in the file that asks for it. Swarm: each seed leaves out about half of them, and gives
// the others rates of their own, since faults that are all on hide each other (Groce et al., "Swarm Testing", ISSTA 2012).
import { UserFault } from "../../../shared/domain/fault.ts";
import { didYouMean } from "../../../shared/domain/did-you-mean.ts";
import type { SeededRandom } from "../../../shared/memory/seeded-chance.ts";

/** Name → the highest rate, at each chance, that a seed may draw. */
export const SIM_FAULTS = {
  // Graph, asked for each user of a call
  "graph-throttled": 0.1,
  "graph-throttled-but-done": 0.05,
  "graph-server-error": 0.1,
  "graph-server-error-but-done": 0.05,
  "graph-gateway-timeout": 0.05,
  "graph-missing-step": 0.05,
  "graph-conflict": 0.05,
  "graph-mailbox-busy": 0.05,
  "graph-protected-object": 0.002,
  "graph-always-fails": 0.004,
  // Graph, asked for each call
  "graph-envelope-throttled": 0.05,
  "graph-unreachable": 0.05,
  "graph-no-answer": 0.05,
  "graph-no-answer-but-done": 0.05,
  "graph-late-effect": 0.03,
  "graph-no-token": 0.02,
  // Graph, for a while
  "graph-storm": 0.3,
  "graph-permission-lost": 0.3,
  "graph-outage": 0.3,
  // The registration report
  "report-absent": 0.1,
  "report-stale": 0.1,
  "report-half": 0.1,
  // Tables
  "tables-unavailable": 0.02,
  "tables-answer-lost": 0.02,
  "tables-conflict": 0.02,
  "tables-conflict-after-commit": 0.02,
  "tables-empty-page": 0.05,
  "tables-outage": 0.3,
  // Service Bus
  "bus-unavailable": 0.05,
  "bus-lost": 0.05,
  "bus-duplicate": 0.05,
  "bus-delay": 0.1,
  "bus-reorder": 0.1,
  "bus-lock-lost": 0.05,
  "bus-settle-lost": 0.05,
  "bus-malformed": 0.01,
  "bus-poison": 0.01,
  // Instances
  "instance-crash": 0.0015,
  "instance-frozen": 0.004,
  "instance-clock-off": 1,
  // Timers
  "timer-late": 0.05,
  "timer-twice": 0.05,
  "timer-gone-for-a-day": 0.3,
  // People and admins
  "user-deleted": 0.3,
  "user-renamed": 0.3,
  "methods-lost": 0.3,
} as const;

export type SimFault = keyof typeof SIM_FAULTS;
export const SIM_FAULT_NAMES: readonly SimFault[] = Object.keys(SIM_FAULTS).filter(isSimFault);

function isSimFault(name: string): name is SimFault {
  return Object.hasOwn(SIM_FAULTS, name);
}

export class Swarm {
  readonly counts = new Map<SimFault, number>();
  readonly #random: SeededRandom;
  readonly #rates = new Map<SimFault, number>();
  #isOver = false;

  /** @param allowed of these, about half are on */
  constructor(random: SeededRandom, allowed: readonly SimFault[]) {
    this.#random = random;
    // All are drawn, in one order, so that leaving one out changes nothing about the others: that is what shrinking needs.
    for (const name of SIM_FAULT_NAMES) {
      const [isOn, share] = [random.next() < 0.5, random.next()];
      if (isOn && allowed.includes(name)) this.#rates.set(name, SIM_FAULTS[name] * share);
    }
  }

  get on(): readonly SimFault[] {
    return [...this.#rates.keys()];
  }

  strikes(fault: SimFault): boolean {
    const rate = this.#isOver ? 0 : (this.#rates.get(fault) ?? 0);
    if (rate === 0 || this.#random.next() >= rate) return false;
    this.happened(fault);
    return true;
  }

  happened(fault: SimFault): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
  }

  isOn(fault: SimFault): boolean {
    return !this.#isOver && this.#rates.has(fault);
  }

  /** The quiet point: no fault from now on. */
  end(): void {
    this.#isOver = true;
  }
}

/** `all`, `none`, or names parted by commas. @throws UserFault */
export function parseSimFaults(text: string): readonly SimFault[] {
  if (text === "all") return SIM_FAULT_NAMES;
  if (text === "none") return [];
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.filter((name) => !isSimFault(name));
  if (wrong.length > 0) throw new UserFault(wrong.map(unknownFault));
  return names.filter(isSimFault);
}

function unknownFault(name: string): UserFault["faults"][number] {
  const near = didYouMean(name, SIM_FAULT_NAMES);
  return {
    what: `"${name}" is no fault of the simulation.`,
    fix: near === undefined ? `Known are: ${SIM_FAULT_NAMES.join(", ")}.` : `Did you mean ${near}?`,
    at: { where: "--faults" },
  };
}
