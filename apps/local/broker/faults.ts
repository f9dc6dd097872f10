// Seeded faults of the broker: each is asked for where it can strike. A rate is a probability a chance; `arm` forces the next
// chances, whatever the rate.
const NAMES = [
  "server-busy", // a send is refused with com.microsoft:server-busy
  "lose-acknowledgement", // a send is stored, its answer is not sent
  "duplicate", // a send is stored twice, as when a client sends again after a lost answer
  "delay", // a sent message becomes active a little later
  "reorder", // a later message is delivered first
  "lose-lock", // the lock of a delivery ends at once, while its receiver still works
  "detach", // the link of a delivery is detached with a condition
  "cut", // the socket of a delivery, or of a send that is stored and not yet answered, is destroyed
  "close", // after a settlement the connection is closed with amqp:connection:forced
  "fail-write", // the log's next write fails as on a full disk
] as const;

export type BrokerFault = (typeof NAMES)[number];

export interface BrokerFaultOptions {
  readonly seed: number;
  readonly rates?: Partial<Record<BrokerFault, number>>;
  /** The condition of `detach`. */
  readonly detachCondition?: string;
}

export class BrokerFaults {
  readonly detachCondition: string;
  readonly #rates: Partial<Record<BrokerFault, number>>;
  readonly #armed = new Map<BrokerFault, number>();
  readonly #struck = new Map<BrokerFault, number>();
  #state: number;

  constructor(options: BrokerFaultOptions) {
    this.#state = options.seed >>> 0;
    this.#rates = options.rates ?? {};
    this.detachCondition = options.detachCondition ?? "amqp:link:detach-forced";
  }

  static get names(): readonly BrokerFault[] {
    return NAMES;
  }

  arm(fault: BrokerFault, times: number): void {
    this.#armed.set(fault, times);
  }

  strikes(fault: BrokerFault): boolean {
    const armed = this.#armed.get(fault) ?? 0;
    const rate = this.#rates[fault] ?? 0;
    if (armed > 0) this.#armed.set(fault, armed - 1);
    else if (rate === 0 || this.#random() >= rate) return false;
    this.#struck.set(fault, (this.#struck.get(fault) ?? 0) + 1);
    return true;
  }

  /** Between 1 and `most`, from the same seeded source. */
  upTo(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }

  struck(fault: BrokerFault): number {
    return this.#struck.get(fault) ?? 0;
  }

  /** mulberry32: small, well spread, and the same everywhere. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
}
