// Process entry of the table server. It has no clock: rows carry the app's own times, and `Timestamp` is the wall's.
import { z } from "zod";
import { endChild, runChild } from "../child.ts";
import { switchedFaults } from "../faults/fault-list.ts";
import { TableFaults } from "../tables/table-faults.ts";
import { startTables } from "../tables/tables.ts";

const settings = z.object({ dataDir: z.string().nullable(), port: z.int().min(0), faultSeed: z.int().default(1) });

runChild({
  role: "tables",
  settings,
  start: async ({ dataDir, port, faultSeed }) => {
    const faults = new TableFaults([], faultSeed);
    const tables = await startTables({
      dataDir,
      port,
      faults,
      log: (line) => process.stderr.write(`${line}\n`),
      onBroken: endChild,
    });
    return {
      ports: { tables: tables.port },
      info: { connectionString: tables.connectionString },
      ask: (what) => {
        const switched = switchedFaults("tables", what);
        if (switched !== null) faults.set(switched);
        return { faults: faults.happened() };
      },
      close: () => tables.close(),
    };
  },
});
