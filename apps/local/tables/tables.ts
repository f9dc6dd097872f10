// Table Storage: Azurite's table server in this process, as strict as it gets. Its file is written when it closes and every
// few seconds before; what a SIGKILL of this process itself would lose is a matter of a journal that does not exist yet.
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { Store } from "./row-key-index.ts";
import { useRowKeyIndex } from "./row-key-index.ts";

export interface Tables {
  readonly port: number;
  readonly connectionString: string;
  /** Saves and stops. */
  close(): Promise<void>;
}

export interface TablesOptions {
  /** Null keeps everything in memory. */
  readonly dataDir: string | null;
  /** 0 picks a free one. */
  readonly port: number;
}

// Azurite has no usable typings for deep imports. The order of the arguments is that of version 3.37.0.
interface TableServer {
  start(): Promise<void>;
  close(): Promise<void>;
  getHttpServerAddress(): string;
}
type Configuration = object;
interface AzuriteModules {
  readonly TableConfiguration: new (...args: unknown[]) => Configuration;
  readonly TableServer: new (configuration: Configuration) => TableServer;
  readonly store: Store;
}

/** Azurite's fixed development account (Microsoft Learn: "Use the Azurite emulator"). It guards nothing. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const KEEP_ALIVE_S = 60;

export async function startTables({ dataDir, port }: TablesOptions): Promise<Tables> {
  const { TableConfiguration, TableServer, store } = loadAzurite();
  useRowKeyIndex(store);
  const database = join(dataDir ?? ".", "tables.json");
  const configuration = new TableConfiguration(
    "127.0.0.1",
    port,
    KEEP_ALIVE_S,
    database,
    false, // debug log
    false, // access log
    undefined,
    undefined,
    false, // loose
    true, // skipApiVersionCheck: newer SDKs name newer versions
    "",
    "",
    "",
    undefined,
    false,
    dataDir === null, // in memory
  );
  const server = new TableServer(configuration);
  await start(server, port, database);
  const actual = Number(new URL(server.getHttpServerAddress()).port);
  const endpoint = `http://127.0.0.1:${String(actual)}/${ACCOUNT}`;
  return {
    port: actual,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};TableEndpoint=${endpoint};`,
    close: () => server.close(),
  };
}

async function start(server: TableServer, port: number, database: string): Promise<void> {
  try {
    await server.start();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const text = error instanceof Error ? error.message : String(error);
    const fault =
      code === "EADDRINUSE"
        ? {
            what: "is in use by another program.",
            fix: "Stop it, or choose another.",
            at: { where: `port ${String(port)}` },
          }
        : { what: `the table server did not start: ${text}.`, fix: "Check the folder.", at: { where: database } };
    throw new UserFault([fault]);
  }
}

function loadAzurite(): AzuriteModules {
  const require = createRequire(import.meta.url);
  const isClass = (value: unknown): boolean => typeof value === "function";
  const configuration = z.object({ default: z.custom<AzuriteModules["TableConfiguration"]>(isClass) });
  const server = z.object({ default: z.custom<AzuriteModules["TableServer"]>(isClass) });
  const metadata = z.object({ default: z.custom<{ readonly prototype: Store }>(isClass) });
  return {
    TableConfiguration: configuration.parse(require("azurite/dist/src/table/TableConfiguration")).default,
    TableServer: server.parse(require("azurite/dist/src/table/TableServer")).default,
    store: metadata.parse(require("azurite/dist/src/table/persistence/LokiTableMetadataStore")).default.prototype,
  };
}
