// What all instances of a run asked of tables and Graph. An instance that is killed takes its counts along: the last ones seen count,
// so that a run with kills counts a little less than there was, and never more.
import * as z from "zod";
import type { Supervisor } from "../supervisor/options.ts";

const number = z.number().default(0);
const schema = z.object({
  pid: z.number(),
  reads: number,
  transactions: number,
  requests: number,
  writes: number,
  throttled: number,
  retried: number,
  maxRssBytes: number,
});
type Counted = z.infer<typeof schema>;
export type CountName = Exclude<keyof Counted, "pid" | "maxRssBytes">;

export class InstanceCounts {
  readonly #byProcess = new Map<number, Counted>();
  /** The highest resident size of any one instance. */
  maxRssBytes = 0;

  async look(supervisor: Pick<Supervisor, "askInstances">): Promise<void> {
    for (const answer of await supervisor.askInstances("memory")) {
      if (answer === null) continue; // it died in between
      const counted = schema.parse(answer);
      this.#byProcess.set(counted.pid, counted);
      this.maxRssBytes = Math.max(this.maxRssBytes, counted.maxRssBytes);
    }
  }

  sum(name: CountName): number {
    return [...this.#byProcess.values()].reduce((total, counted) => total + counted[name], 0);
  }
}
