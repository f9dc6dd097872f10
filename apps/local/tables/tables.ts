// Table Storage: Azurite's table server in this process, made durable by a journal where there is a folder for it.
import { join } from "node:path";
import { UserFault } from "../../../shared/domain/fault.ts";
import { ORPHAN_MS, startLocked } from "../durable/folder-lock.ts";
import { createServer, loadAzurite } from "./azurite.ts";
import type { TableServer } from "./azurite.ts";
import type { Journal } from "./journal.ts";
import { openJournal } from "./journal.ts";
import { guardAnswers } from "./answers.ts";
import { useRowKeyIndex } from "./row-key-index.ts";
import type { TableFaults } from "./table-faults.ts";

export interface Tables {
  readonly port: number;
  readonly connectionString: string;
  close(): Promise<void>;
}

export interface TablesOptions {
  /** Null keeps everything in memory. */
  readonly dataDir: string | null;
  /** 0 picks a free one. */
  readonly port: number;
  readonly faults?: TableFaults;
  readonly log?: (line: string) => void;
  /** The journal cannot be written: nothing is acknowledged any more. */
  readonly onBroken?: (error: Error) => void;
  /** Fault hook: the error that the journal's next write meets, if any. */
  readonly failWrite?: () => Error | null;
}

/** Azurite's fixed development account (Microsoft Learn: "Use the Azurite emulator"). It guards nothing. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const ignore = (): void => undefined;

/** @throws UserFault for a port or folder in use, a damaged journal */
export function startTables(options: TablesOptions): Promise<Tables> {
  return startLocked(options.dataDir, ORPHAN_MS, async (unlock) => {
    const tables = await startUnlocked(options);
    return { ...tables, close: () => tables.close().finally(unlock) };
  });
}

async function startUnlocked({ dataDir, port, faults, log, onBroken, failWrite }: TablesOptions): Promise<Tables> {
  const modules = loadAzurite();
  useRowKeyIndex(modules.store);
  const server = createServer(modules, port);
  let journal: Journal | null = null;
  if (dataDir !== null) {
    const { metadataStore } = server;
    const init = metadataStore.init.bind(metadataStore);
    metadataStore.init = async () => {
      await init();
      const path = join(dataDir, "tables.log");
      journal = await openJournal(metadataStore, { path, log: log ?? ignore, failWrite: failWrite ?? (() => null) });
    };
  }
  const barrier = (): Promise<void> | null => journal?.barrier() ?? null;
  guardAnswers(server.httpServer, { barrier, faults: faults ?? null, onBroken: onBroken ?? ignore });
  const closeJournal = async (): Promise<void> => journal?.close();
  try {
    await start(server, port);
  } catch (error) {
    await closeJournal();
    throw error;
  }
  const actual = Number(new URL(server.getHttpServerAddress()).port);
  const endpoint = `http://127.0.0.1:${String(actual)}/${ACCOUNT}`;
  return {
    port: actual,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};TableEndpoint=${endpoint};`,
    close: async () => {
      await server.close();
      await closeJournal();
    },
  };
}

async function start(server: TableServer, port: number): Promise<void> {
  try {
    await server.start();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EADDRINUSE") throw error;
    const at = { where: `port ${String(port)}` };
    throw new UserFault([{ what: "is in use by another program.", fix: "Stop it, or choose another.", at }]);
  }
}
