// The broker as a process of its own, on the wall clock: npm run broker.
import { runProgram, sayOnStderr } from "../program.ts";
import { startBroker, type Broker } from "./broker.ts";
import { BrokerFaults } from "./faults.ts";
import { HELP, parseFlags } from "./flags.ts";

async function main(): Promise<number> {
  const flags = parseFlags(process.argv.slice(2));
  if (flags === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const { port, dataDir, queues, faults, seed } = flags;
  const broker = await startBroker({
    clock: { now: Date.now },
    port,
    dataDir,
    queues,
    faults: new BrokerFaults({ seed, faults }),
    log: sayOnStderr,
  });
  process.stdout.write(`${broker.connectionString}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop(broker));
  return 0;
}

async function stop(broker: Broker): Promise<void> {
  await broker.close();
  process.exit(0);
}

await runProgram(main);
