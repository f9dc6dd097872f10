// Service Bus of a simulation: scheduled messages, locks that are renewed for twelve minutes, deliveries that are counted, dead letters.
import { formatStepMessage } from "../../../shared/codec/step-message.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { Step } from "../../../shared/domain/names.ts";
import { LOCK_RENEWAL_MS, MESSAGE_LOCK_MS } from "../../../shared/domain/policy.ts";
import { Unavailable } from "../../../shared/ports/errors.ts";
import type { OutgoingNudge, StepQueue } from "../../../shared/ports/step-queue.ts";
import type { Caller, PortCalls } from "./port-calls.ts";

export interface SimMessage {
  readonly id: string;
  readonly step: Step;
  /** JSON. */
  readonly body: string;
  readonly isDeadLetter: boolean;
  /** The handler throws each time: what a bug would do. */
  readonly isPoison: boolean;
  deliveries: number;
  /** Who holds it now; an older one settles in vain. 0 = nobody, -1 = it is gone. */
  holder: number;
}

const DELIVERIES_MAX = 10;
const GONE = -1;

export interface BusHooks {
  /** An instance that is up, or `null`. */
  readonly receiver: () => Caller | null;
  /** Handles it; `ended` is never called when the instance dies. */
  readonly handle: (receiver: Caller, message: SimMessage, ended: (outcome: "ok" | "threw") => void) => void;
}

export class SimBus {
  readonly #calls: PortCalls;
  readonly #hooks: BusHooks;
  readonly #waiting = new Set<SimMessage>();
  #tokens = 0;
  deadLettered = 0;

  constructor(calls: PortCalls, hooks: BusHooks) {
    this.#calls = calls;
    this.#hooks = hooks;
  }

  /** Messages of a wave that wait or are worked on. */
  waitingFor(rollout: string, wave: string): number {
    const mark = `:${rollout}:${wave}:`;
    return [...this.#waiting].filter(({ id }) => id.includes(mark)).length;
  }

  queueOf(caller: Caller): StepQueue {
    const { swarm } = this.#calls;
    return {
      send: (nudges) =>
        this.#calls.call(caller, `send ${nudges.map(({ id }) => id).join(" ")}`, async () => {
          for (const outgoing of nudges) {
            if (swarm.strikes("bus-unavailable")) throw new Unavailable("queue", { cause: new Error("injected") });
            this.#accept(outgoing);
          }
        }),
    };
  }

  #accept({ id, nudge, at }: OutgoingNudge): void {
    const { swarm, scheduler } = this.#calls;
    if (swarm.strikes("bus-lost")) return;
    const isMalformed = swarm.strikes("bus-malformed");
    const body = isMalformed ? `{"v":1,"batch":"${id}"}` : JSON.stringify(formatStepMessage(nudge));
    const isPoison = swarm.strikes("bus-poison");
    const copies = swarm.strikes("bus-duplicate") ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delayMs = swarm.strikes("bus-delay") ? this.#calls.upTo(HOUR_MS) : 0;
      const early = swarm.strikes("bus-reorder") ? this.#calls.upTo(2 * MINUTE_MS) : 0;
      const message = { id, step: nudge.step, body, isDeadLetter: false, isPoison, deliveries: 0, holder: 0 };
      this.#waiting.add(message);
      // A message may overtake one that was sent before it; it is never visible before its own time.
      this.#offer(message, Math.max(at, scheduler.now) + delayMs + early + this.#calls.latency());
    }
  }

  #offer(message: SimMessage, at: Instant): void {
    this.#calls.scheduler.at(at, `bus: ${message.id}`, () => this.#deliver(message));
  }

  #deliver(message: SimMessage): void {
    if (message.holder !== 0) return;
    const { swarm, scheduler } = this.#calls;
    const receiver = this.#hooks.receiver();
    if (receiver === null) {
      this.#offer(message, scheduler.now + 10 * SECOND_MS);
      return;
    }
    message.deliveries += 1;
    this.#tokens += 1;
    const token = this.#tokens;
    message.holder = token;
    const { life } = receiver;
    const giveBack = (): void => {
      if (message.holder !== token) return;
      message.holder = 0;
      this.#deliver(message);
    };
    // A dead holder's lock ends; a living one's is renewed, but not for ever.
    scheduler.at(scheduler.now + MESSAGE_LOCK_MS, "bus: lock ends", () => {
      if (receiver.life !== life) giveBack();
    });
    scheduler.at(scheduler.now + LOCK_RENEWAL_MS, "bus: renewal ends", giveBack);
    if (swarm.strikes("bus-lock-lost"))
      scheduler.at(scheduler.now + this.#calls.upTo(MINUTE_MS), "bus: lock lost", giveBack);
    this.#hooks.handle(receiver, message, (outcome) => this.#settle(message, token, outcome));
  }

  #settle(message: SimMessage, token: number, outcome: "ok" | "threw"): void {
    if (message.holder !== token) return;
    const { swarm, scheduler } = this.#calls;
    if (outcome === "ok") {
      // The lock goes on until it ends, and then it comes again.
      if (swarm.strikes("bus-settle-lost"))
        scheduler.at(scheduler.now + MESSAGE_LOCK_MS, "bus: lock ends", () => {
          if (message.holder !== token) return;
          message.holder = 0;
          this.#deliver(message);
        });
      else this.#remove(message);
      return;
    }
    message.holder = 0;
    if (message.deliveries < DELIVERIES_MAX || message.isDeadLetter) {
      this.#offer(message, scheduler.now + (message.isDeadLetter ? MINUTE_MS : this.#calls.latency()));
      return;
    }
    this.#remove(message);
    this.deadLettered += 1;
    const letter = { ...message, isDeadLetter: true, isPoison: false, deliveries: 0, holder: 0 };
    this.#waiting.add(letter);
    this.#offer(letter, scheduler.now + this.#calls.latency());
  }

  #remove(message: SimMessage): void {
    message.holder = GONE;
    this.#waiting.delete(message);
  }
}
