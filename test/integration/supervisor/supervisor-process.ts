// A supervisor in a process of its own, so that a test can kill it: says its children and ports, and goes on.
import { startSupervisor } from "../../../apps/local/supervisor/supervisor.ts";
import { optionsOf } from "./supervisor-under-test.ts";

const [dataDir = "", entries = "", speed = "max"] = process.argv.slice(2);
const read = (entry: string): string => `${entries}/${entry}.js`;
const built = { host: read("host"), broker: read("broker"), tables: read("tables"), tenant: read("tenant") };
const supervisor = await startSupervisor(
  optionsOf({ ...built, remove: () => undefined }, dataDir, {
    speed: speed === "max" ? { kind: "max" } : { kind: "times", factor: Number(speed) },
    settings: { HOURLY_SCHEDULE: "0 */10 * * * *", AzureFunctionsJobHost__functionTimeout: "00:05:00" },
  }),
);
const { addresses, httpPort } = supervisor;
const ports = [httpPort, addresses.broker.port, addresses.tables.port];
supervisor.run();
process.stdout.write(
  `${JSON.stringify({ pids: supervisor.pids(), ports, broker: addresses.broker.connectionString })}\n`,
);
