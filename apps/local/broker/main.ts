// The broker as a process of its own, on the wall clock: npm run broker.
import { parseArgs } from "node:util";
import { UserFault } from "../../../shared/domain/fault.ts";
import { runProgram, sayOnStderr } from "../program.ts";
import { startBroker, type Broker } from "./broker.ts";
import type { QueueOptions } from "./queue.ts";

const HELP = `The embedded Service Bus alone: an AMQP 1.0 broker for @azure/service-bus on 127.0.0.1.

  npm run broker -- --queue NAME[:lockSeconds[:maxDeliveryCount]] [--queue …] [--port P] [--data DIR]

  --queue   a queue; lock 60 s and 10 deliveries unless given (repeatable, at least one)
  --port    where to listen; default 5672, 0 picks a free port
  --data    keeps messages in this folder; without it they are gone when the broker stops

Examples
  npm run broker -- --queue orders
  npm run broker -- --port 0 --data .broker --queue orders:30:5 --queue mails:300

The connection string is printed on stdout. Ctrl-C or SIGTERM stops the broker.
Exit codes: 0 stopped · 2 it could not start, with the reason.
`;
const DEFAULT_PORT = 5672;
const DEFAULT_LOCK_SECONDS = 60;
const MAX_LOCK_SECONDS = 300; // Service Bus allows five minutes at most
const DEFAULT_DELIVERIES = 10;
const MAX_DELIVERIES = 2_000;

interface Arguments {
  readonly port: number;
  readonly dataDir: string | null;
  readonly queues: readonly QueueOptions[];
}

/** Null asks for the help. All faults of the arguments are reported at once. */
export function parseArguments(args: readonly string[]): Arguments | null {
  const { values } = parse(args);
  if (values.help === true) return null;
  const faults: { where: string; what: string; fix: string }[] = [];
  const port = values.port === undefined ? DEFAULT_PORT : Number(values.port);
  if (!isWithin(port, 0, 65_535)) {
    faults.push({ where: "--port", what: `"${values.port ?? ""}" is no port.`, fix: "Give a number from 0 to 65535." });
  }
  const named = values.queue ?? [];
  if (named.length === 0) faults.push({ where: "--queue", what: "No queue is named.", fix: "Add --queue NAME." });
  const queues = named.flatMap((text) => {
    const queue = parseQueue(text);
    if (queue !== null) return [queue];
    faults.push({
      where: "--queue",
      what: `"${text}" is no queue.`,
      fix: `Write NAME[:lockSeconds[:maxDeliveryCount]], such as orders:30:5; a lock is 1 to ${MAX_LOCK_SECONDS} s.`,
    });
    return [];
  });
  if (new Set(queues.map(({ name }) => name.toLowerCase())).size < queues.length) {
    faults.push({ where: "--queue", what: "A queue is named twice.", fix: "Name each once; case is ignored." });
  }
  if (faults.length > 0) throw new UserFault(faults.map(({ where, what, fix }) => ({ at: { where }, what, fix })));
  return { port, dataDir: values.data ?? null, queues };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        data: { type: "string" },
        queue: { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const what = error.message.split("\n")[0] ?? "";
    throw new UserFault([{ at: { where: "arguments" }, what, fix: "See --help." }]);
  }
}

function parseQueue(text: string): QueueOptions | null {
  const [, name, lock, deliveries] = /^([A-Za-z0-9][\w./-]{0,259})(?::(\d+)(?::(\d+))?)?$/.exec(text) ?? [];
  if (name === undefined) return null;
  const lockSeconds = lock === undefined ? DEFAULT_LOCK_SECONDS : Number(lock);
  const maxDeliveryCount = deliveries === undefined ? DEFAULT_DELIVERIES : Number(deliveries);
  if (!isWithin(lockSeconds, 1, MAX_LOCK_SECONDS) || !isWithin(maxDeliveryCount, 1, MAX_DELIVERIES)) return null;
  return { name, lockMs: lockSeconds * 1_000, maxDeliveryCount };
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

async function main(): Promise<number> {
  const wanted = parseArguments(process.argv.slice(2));
  if (wanted === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const broker = await startBroker({ clock: { now: Date.now }, ...wanted, log: sayOnStderr });
  process.stdout.write(`${broker.connectionString}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop(broker));
  return 0;
}

async function stop(broker: Broker): Promise<void> {
  await broker.close();
  process.exit(0);
}

await runProgram(main);
