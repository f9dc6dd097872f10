// Process entry of the table server. It has no clock: rows carry the app's own times, and `Timestamp` is the wall's.
import { z } from "zod";
import { runChild } from "../child.ts";
import { startTables } from "../tables/tables.ts";

const settings = z.object({ dataDir: z.string().nullable(), port: z.int().min(0) });
export type TablesChildSettings = z.infer<typeof settings>;

runChild({
  role: "tables",
  settings,
  start: async (options) => {
    const tables = await startTables(options);
    const { port, connectionString } = tables;
    return { ports: { tables: port }, info: { connectionString }, close: () => tables.close() };
  },
});
