// Flags of `npm run broker`.
import { parseFaultsOf } from "../faults/parse-faults.ts";
import { faultNamesOf, type Fault, type FaultNameOf } from "../faults/vocabulary.ts";
import { FlagReader } from "../flag-reader.ts";
import { isNotServed } from "./not-served.ts";
import type { QueueOptions } from "./queue.ts";

export const HELP = `The embedded Service Bus alone: an AMQP 1.0 broker for @azure/service-bus on 127.0.0.1.

  npm run broker -- --queue NAME[:lockSeconds[:maxDeliveryCount]] [--queue …] [--port P] [--data DIR]
                    [--faults LIST] [--seed S]

  --queue   a queue; lock 60 s and 10 deliveries unless given (repeatable, at least one)
  --port    where to listen; default 5672, 0 picks a free port
  --data    keeps messages in this folder; without it they are gone when the broker stops
  --faults  none, chaos, or names with commas, each with a rate if wanted (default none)
            names: ${faultNamesOf("broker").join(", ")}
  --seed    decides which chances the faults take; default 1

Examples
  npm run broker -- --queue orders
  npm run broker -- --port 0 --data .broker --queue orders:30:5 --queue mails:300
  npm run broker -- --queue orders --faults bus-duplicate=0.2,bus-cut --seed 7

Not served: duplicate detection, sessions, transactions, administration. A queue that asks for one of the first two, as in
--queue orders:requiresDuplicateDetection or orders:requiresSession, is refused.

The connection string is printed on stdout. Ctrl-C or SIGTERM stops the broker.
Exit codes: 0 stopped · 2 it could not start, with the reason.
`;
const KNOWN = {
  port: { type: "string" },
  data: { type: "string" },
  queue: { type: "string", multiple: true },
  faults: { type: "string" },
  seed: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;
const DEFAULT_PORT = 5672;
const DEFAULT_SEED = 1;
const MAX_SEED = 4_294_967_295;
const DEFAULT_LOCK_SECONDS = 60;
const MAX_LOCK_SECONDS = 300; // Service Bus allows five minutes at most
const DEFAULT_DELIVERIES = 10;
const MAX_DELIVERIES = 2_000;

export interface BrokerFlags {
  readonly port: number;
  readonly dataDir: string | null;
  readonly queues: readonly QueueOptions[];
  readonly faults: readonly Fault<FaultNameOf<"broker">>[];
  readonly seed: number;
}

/** @returns `help`, or what the flags say. @throws UserFault with all faults at once */
export function parseFlags(args: readonly string[]): BrokerFlags | "help" {
  const reader = new FlagReader(args, KNOWN, "npm run broker -- --help");
  if (reader.isSet("help")) return "help";
  return reader.done({
    port: reader.whole("port", DEFAULT_PORT, [0, 65_535]),
    dataDir: reader.text("data"),
    queues: parseQueues(reader),
    faults: reader.parsed(() => parseFaultsOf("broker", reader.text("faults") ?? "none"), []),
    seed: reader.whole("seed", DEFAULT_SEED, [0, MAX_SEED]),
  });
}

function parseQueues(reader: FlagReader<typeof KNOWN>): QueueOptions[] {
  const texts = reader.texts("queue");
  if (texts.length === 0) reader.fault("--queue", "No queue is named.", "Add --queue NAME.");
  const queues = texts.flatMap((text) => {
    const queue = parseQueue(text);
    if (queue !== null) return [queue];
    const form = "NAME[:lockSeconds[:maxDeliveryCount]], such as orders:30:5";
    const ranges = `a lock is 1 to ${String(MAX_LOCK_SECONDS)} s, deliveries are 1 to ${String(MAX_DELIVERIES)}`;
    reader.fault("--queue", `"${text}" is no queue.`, `Write ${form}; ${ranges}.`);
    return [];
  });
  if (new Set(queues.map(({ name }) => name.toLowerCase())).size < queues.length) {
    reader.fault("--queue", "A queue is named twice.", "Name each once; case is ignored.");
  }
  return queues;
}

function parseQueue(text: string): QueueOptions | null {
  const [name = "", ...rest] = text.split(":");
  const wishes = rest.filter(isNotServed);
  const numbers = rest.filter((word) => !isNotServed(word));
  if (!/^[A-Za-z0-9][\w./-]{0,259}$/.test(name) || numbers.length > 2) return null;
  const lockSeconds = numberOf(numbers[0], DEFAULT_LOCK_SECONDS);
  const maxDeliveryCount = numberOf(numbers[1], DEFAULT_DELIVERIES);
  if (!isWithin(lockSeconds, 1, MAX_LOCK_SECONDS) || !isWithin(maxDeliveryCount, 1, MAX_DELIVERIES)) return null;
  const asked = Object.fromEntries(wishes.map((wish) => [wish, true]));
  return { name, lockMs: lockSeconds * 1_000, maxDeliveryCount, ...asked };
}

function numberOf(text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
