// Process entry of the broker under the supervisor.
import { z } from "zod";
import { startBroker, type Broker } from "../broker/broker.ts";
import { BrokerFaults } from "../broker/faults.ts";
import { runChild } from "../child.ts";
import { isFaultOf, type FaultNameOf } from "../faults/vocabulary.ts";

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

const faultName = z.custom<FaultNameOf<"broker">>((name) => typeof name === "string" && isFaultOf(name, "broker"));
const faultList = z.array(z.object({ name: faultName, rate: z.number().min(0).max(1) }));
const SET_FAULTS = "faults ";

runChild({
  role: "broker",
  settings,
  start: async ({ faultSeed, ...options }, clock) => {
    const faults = new BrokerFaults({ seed: faultSeed });
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    const broker = await startBroker({ ...options, clock, faults, log });
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
  if (what.startsWith(SET_FAULTS)) faults.set(faultList.parse(JSON.parse(what.slice(SET_FAULTS.length))));
  return { ...broker.stats(), faults: faults.happened() };
}
