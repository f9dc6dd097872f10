// People who act while the rollout runs, also in the middle of a handler's step: they pause, resume, exclude, hold, release, reinstate
// and retry. What they ask for they ask again until it stands, as a person would.
import type { Control } from "../../../shared/domain/control.ts";
import { withoutStop, withStop } from "../../../shared/domain/control.ts";
import type { EnrollmentEvent } from "../../../shared/domain/event.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS, FAR_FUTURE, HOUR_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import type { Phase } from "../../../shared/domain/enrollment.ts";
import type { RolloutId, UserId } from "../../../shared/domain/names.ts";
import { loadSheet } from "../../../shared/pipeline/load-sheet.ts";
import { saveSheet } from "../../../shared/pipeline/save-batch.ts";
import { Conflict, Unavailable } from "../../../shared/ports/errors.ts";
import type { SimDeps } from "./sim-deps.ts";
import type { Oracle } from "./oracle.ts";
import type { PortCalls } from "./port-calls.ts";

const NAME = "anna";
const TRIES = 50;

export interface OperatorParts {
  readonly deps: SimDeps;
  readonly calls: PortCalls;
  readonly oracle: Oracle;
  readonly rollout: RolloutId;
  readonly waves: readonly string[];
  /** The rows have changed: the planner's timer ticks each minute anyway. */
  readonly disturb: () => void;
}

type UserAct = "exclude" | "hold" | "hold-for-good" | "release" | "reinstate" | "retry";

/** Whom an act is for. */
const WANTED: Readonly<Record<UserAct, readonly Phase[]>> = {
  exclude: ["queued", "enabled", "notified", "failed", "held"],
  hold: ["queued", "enabled", "notified"],
  "hold-for-good": ["queued", "enabled", "notified"],
  release: ["held"],
  reinstate: ["excluded"],
  retry: ["failed"],
};
const USER_ACTS: readonly UserAct[] = ["exclude", "hold", "hold-for-good", "release", "reinstate", "retry"];

export class Operators {
  readonly #parts: OperatorParts;
  #busy = 0;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    return this.#busy > 0;
  }

  /** Somebody does something, drawn by the seed. */
  act(): void {
    const { calls } = this.#parts;
    const drawn = calls.upTo(10);
    if (drawn < 2) this.#begin(() => this.#pause());
    else if (drawn < 4) this.#begin(() => this.#resume());
    else this.#begin(() => this.#actOnUser(USER_ACTS[calls.upTo(USER_ACTS.length)] ?? "exclude"));
  }

  /** Whoever paused something lifts it: the end of the run is not to wait for them. */
  resumeAll(): void {
    this.#begin(() => this.#change((control) => this.#liftAll(control)));
  }

  #begin(act: () => Promise<void>): void {
    this.#busy += 1;
    const done = (): void => {
      this.#busy -= 1;
      this.#parts.disturb();
    };
    act().then(done, (error: unknown) => {
      done();
      this.#parts.oracle.expect(false, 3, () => `an operator's command ended with ${String(error)}`);
    });
  }

  async #pause(): Promise<void> {
    const { calls, rollout, waves, oracle, deps } = this.#parts;
    const wave = calls.chance(0.3) ? "*" : (waves[calls.upTo(waves.length)] ?? "*");
    oracle.reach("paused by a person");
    const at = deps.clock.now();
    await this.#change((control) =>
      withStop(control, rollout, { wave, because: "something looks wrong", by: NAME, at }),
    );
  }

  async #resume(): Promise<void> {
    await this.#change((control) => this.#liftAll(control));
  }

  #liftAll(control: Control): Control {
    const { rollout, waves } = this.#parts;
    return ["*", ...waves].reduce((lifted, wave) => withoutStop(lifted, rollout, { wave, by: NAME }), control);
  }

  async #change(change: (control: Control) => Control): Promise<void> {
    const { oracle, deps } = this.#parts;
    oracle.personLifts += 1;
    await this.#insist(() => deps.control.updateControl(change));
    oracle.personLifts -= 1;
  }

  async #actOnUser(act: UserAct): Promise<void> {
    const { calls, oracle, deps } = this.#parts;
    const rows = [...oracle.committed.rows];
    // Sometimes it is the wrong one: somebody else was quicker, or a person mistaken.
    const isMistaken = calls.chance(0.1);
    const wanted = rows.filter(
      ([, { versions }]) => isMistaken || WANTED[act].includes(versions.at(-1)?.value.state.phase ?? "restored"),
    );
    const [userId] = wanted[calls.upTo(wanted.length)] ?? [];
    if (userId === undefined) return;
    const event = eventOf(act, deps.clock.now(), calls.upTo(3 * DAY_MS) + HOUR_MS);
    await this.#insist(() => this.#apply(userId, event));
    oracle.reach(`operator: ${act}`);
  }

  async #apply(userId: UserId, event: EnrollmentEvent): Promise<void> {
    const { deps } = this.#parts;
    const place = await deps.users.find(userId);
    if (place === null) return;
    const sheet = await loadSheet(deps, place);
    if (sheet === null) return;
    sheet.apply(place.slot, event);
    await saveSheet(deps, sheet, { actor: NAME, cause: event.kind, nudgeAt: sheet.batch.header.nudgeAt });
  }

  async #insist(command: () => Promise<unknown>): Promise<void> {
    const { calls } = this.#parts;
    for (let tries = 1; ; tries += 1) {
      try {
        await command();
        return;
      } catch (error) {
        if (!(error instanceof Conflict || error instanceof Unavailable) || tries >= TRIES) throw error;
        const waitMs = tries < 5 ? SECOND_MS : HOUR_MS;
        await new Promise<void>((resolve) =>
          calls.scheduler.at(calls.scheduler.now + waitMs, `${NAME}: tries again`, resolve),
        );
      }
    }
  }
}

function eventOf(act: UserAct, at: Instant, holdMs: number): EnrollmentEvent {
  switch (act) {
    case "exclude":
      return { kind: "excluded", reason: "left out by a person", at };
    case "hold":
      return { kind: "held", reason: "asked to wait", owner: NAME, at, until: at + holdMs };
    case "hold-for-good":
      return { kind: "held", reason: "asked to wait", owner: NAME, at, until: FAR_FUTURE };
    case "release":
      return { kind: "released", at };
    case "reinstate":
      return { kind: "reinstated", at };
    case "retry":
      return { kind: "retry-requested", at };
  }
}
