// Azurite's table server, which has no usable typings for deep imports. The order of arguments, the members and what they do are
// those of version 3.37.0; the conformance suite and the journal's tests run on them.
import type { Server } from "node:http";
import { createRequire } from "node:module";
import { z } from "zod";
import type { Store } from "./row-key-index.ts";

/** A row, or what the store itself remembers: of a table, of the service. LokiJS adds `$loki` and `meta`. */
export type Doc = Readonly<Record<string, unknown>>;

export interface Collection {
  readonly name: string;
  readonly data: readonly Doc[];
  insert(docs: Doc | Doc[]): unknown;
  on(event: "insert" | "update" | "delete", listener: (doc: Doc) => void): void;
}

export interface Database {
  readonly collections: readonly Collection[];
  getCollection(name: string): Collection | null;
  addCollection(name: string, options: object): Collection;
  removeCollection(name: string): void;
}

export interface MetadataStore extends Store {
  readonly db: Database;
  readonly TABLES_COLLECTION: string;
  readonly SERVICES_COLLECTION: string;
  init(): Promise<void>;
  createCollectionForTable(table: Doc): void;
  beginBatchTransaction(batchId: string): Promise<void>;
  endBatchTransaction(
    account: string,
    table: string,
    batchId: string,
    context: unknown,
    succeeded: boolean,
  ): Promise<void>;
}

export interface TableServer {
  readonly httpServer: Server;
  readonly metadataStore: MetadataStore;
  start(): Promise<void>;
  close(): Promise<void>;
  getHttpServerAddress(): string;
}

interface Modules {
  readonly TableConfiguration: new (...args: unknown[]) => object;
  readonly TableServer: new (configuration: object) => TableServer;
  readonly store: Store;
}

const KEEP_ALIVE_S = 60;

export function loadAzurite(): Modules {
  const require = createRequire(import.meta.url);
  const isClass = (value: unknown): boolean => typeof value === "function";
  const configuration = z.object({ default: z.custom<Modules["TableConfiguration"]>(isClass) });
  const server = z.object({ default: z.custom<Modules["TableServer"]>(isClass) });
  const metadata = z.object({ default: z.custom<{ readonly prototype: Store }>(isClass) });
  return {
    TableConfiguration: configuration.parse(require("azurite/dist/src/table/TableConfiguration")).default,
    TableServer: server.parse(require("azurite/dist/src/table/TableServer")).default,
    store: metadata.parse(require("azurite/dist/src/table/persistence/LokiTableMetadataStore")).default.prototype,
  };
}

/** As strict as it gets, and in memory: what it would write every five seconds, the journal writes at once. */
export function createServer({ TableConfiguration, TableServer }: Modules, port: number): TableServer {
  return new TableServer(
    new TableConfiguration(
      "127.0.0.1",
      port,
      KEEP_ALIVE_S,
      "",
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
      true, // in memory
    ),
  );
}
