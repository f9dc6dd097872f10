// Process entry of the broker under the supervisor.
import { z } from "zod";
import { startBroker } from "../broker/broker.ts";
import { runChild } from "../child.ts";

const queue = z.object({
  name: z.string(),
  lockMs: z.number(),
  maxDeliveryCount: z.int(),
  deadLetterOnExpiry: z.boolean().default(false),
});
const settings = z.object({ dataDir: z.string().nullable(), port: z.int().min(0), queues: z.array(queue) });

runChild({
  role: "broker",
  settings,
  start: async (options, clock) => {
    const broker = await startBroker({ ...options, clock, log: (line) => process.stderr.write(`${line}\n`) });
    return {
      ports: { broker: broker.port },
      info: { connectionString: broker.connectionString },
      hold: () => {
        const { active, locked, orphaned, nextDue } = broker.hold();
        return { of: "broker", active, locked, orphaned, nextDue };
      },
      go: () => broker.go(),
      jumped: () => broker.clockMoved(),
      ask: (what) => {
        if (what === "cut") broker.cutConnections();
        return what === "counts" ? broker.counts() : broker.stats();
      },
      close: () => broker.close(),
    };
  },
});
