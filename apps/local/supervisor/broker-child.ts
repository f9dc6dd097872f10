// Process entry of the broker under the supervisor.
import { z } from "zod";
import { startBroker, type Broker } from "../broker/broker.ts";
import { BrokerFaults } from "../broker/faults.ts";
import { runChild } from "../child.ts";
import { ORPHAN_MS } from "../durable/folder-lock.ts";
import { switchedFaults } from "../faults/fault-list.ts";

const queue = z.object({
  name: z.string(),
  lockMs: z.number(),
  maxDeliveryCount: z.int(),
  deadLetterOnExpiry: z.boolean().default(false),
  requiresDuplicateDetection: z.boolean().default(false),
  requiresSession: z.boolean().default(false),
});
const settings = z.object({
  dataDir: z.string().nullable(),
  port: z.int().min(0),
  queues: z.array(queue),
  faultSeed: z.int().default(1),
});

runChild({
  role: "broker",
  settings,
  start: async ({ faultSeed, ...options }, clock) => {
    const faults = new BrokerFaults({ seed: faultSeed });
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    const broker = await startBroker({ ...options, clock, faults, log, lockWaitMs: ORPHAN_MS });
    return {
      ports: { broker: broker.port },
      info: { connectionString: broker.connectionString },
      hold: () => {
        const { active, locked, orphaned, nextDue } = broker.hold();
        return { of: "broker", active, locked, orphaned, nextDue };
      },
      go: () => broker.go(),
      jumped: () => broker.clockMoved(),
      ask: (what) => answer(what, broker, faults),
      close: () => broker.close(),
    };
  },
});

/** `faults [{"name":…,"rate":…}]` switches them, `cut` cuts all connections, `counts` and `stats` only tell. */
function answer(what: string, broker: Broker, faults: BrokerFaults): unknown {
  if (what === "counts") return broker.counts();
  if (what === "cut") broker.cutConnections();
  const switched = switchedFaults("broker", what);
  if (switched !== null) faults.set(switched);
  return { ...broker.stats(), faults: faults.happened() };
}
