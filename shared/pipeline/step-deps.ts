// What the step handlers need of the world.
import type { UserId } from "../domain/names.ts";
import type { BatchStore } from "../ports/batch-store.ts";
import type { Calendar } from "../ports/calendar.ts";
import type { Ids, Randomness } from "../ports/chance.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControlStore } from "../ports/control-store.ts";
import type { DeadLetterStore } from "../ports/dead-letter-store.ts";
import type { Directory } from "../ports/directory.ts";
import type { Log } from "../ports/log.ts";
import type { NoticeWriter, Notifier } from "../ports/notifier.ts";
import type { StepQueue } from "../ports/step-queue.ts";

export interface StepDeps {
  readonly tenant: string;
  readonly batches: BatchStore;
  readonly control: ControlStore;
  readonly directory: Directory;
  readonly notifier: Notifier;
  readonly notices: NoticeWriter;
  readonly queue: StepQueue;
  readonly deadLetters: DeadLetterStore;
  readonly calendarOf: (timeZone: string) => Calendar;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Randomness;
  readonly log: Log;
  /** From the app setting: never touched, whatever rows and specs say (invariant 2). */
  readonly breakGlassIds: ReadonlySet<UserId>;
}
