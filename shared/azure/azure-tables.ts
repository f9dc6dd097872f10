// Entity tables on Azure Table Storage (or Azurite). The one place that knows the SDK's pitfalls: an ETag goes into the options, never into
// the entity; a retry by the pipeline can meet its own write, so a 409 or 412 says only that the row is not as expected.
import type { TableClient, TransactionAction } from "@azure/data-tables";
import { measureEntity } from "../codec/entity-limits.ts";
import type { EntityTable, EntityWrite, StoredEntity, Tables } from "../ports/entity-table.ts";
import { tablesFrom } from "../ports/entity-table.ts";
import { isMissing, tableError } from "./table-error.ts";

export type StorageConnection =
  | { readonly kind: "connection-string"; readonly text: string }
  | { readonly kind: "identity"; readonly endpoint: string; readonly clientId: string | null };

export type CountRequest = (kind: "read" | "transaction") => void;

/** Of one request with all its tries: well below the handler's deadline. */
const REQUEST_MS = 20_000;
const RETRY = { maxRetries: 3, retryDelayInMs: 200, maxRetryDelayInMs: 5_000 };
const SYSTEM: ReadonlySet<string> = new Set(["etag", "timestamp", "partitionKey", "rowKey"]);

export interface OpenTablesOptions {
  readonly connection: StorageConnection;
  /** Each request: a write of any kind, a point read or a query page. */
  readonly count?: CountRequest;
}

export async function openTables({
  connection,
  count = () => undefined,
}: OpenTablesOptions): Promise<{ readonly tables: Tables; ensureTables(): Promise<void> }> {
  const { TableClient: Client } = await import("@azure/data-tables");
  const open = await clientFactory(connection, Client);
  const clients: TableClient[] = [];
  const tables = tablesFrom((name) => {
    const client = open(name);
    clients.push(client);
    return new AzureTable(client, count);
  });
  const ensureTables = async (): Promise<void> => {
    for (const client of clients) await attempt(() => client.createTable());
  };
  return { tables, ensureTables };
}

async function clientFactory(
  connection: StorageConnection,
  Client: typeof TableClient,
): Promise<(name: string) => TableClient> {
  if (connection.kind === "connection-string") {
    const allowInsecureConnection = /http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(connection.text);
    return (name) =>
      Client.fromConnectionString(connection.text, name, { retryOptions: RETRY, allowInsecureConnection });
  }
  const { ManagedIdentityCredential } = await import("@azure/identity");
  const credential =
    connection.clientId === null
      ? new ManagedIdentityCredential()
      : new ManagedIdentityCredential({ clientId: connection.clientId });
  return (name) => new Client(connection.endpoint, name, credential, { retryOptions: RETRY });
}

class AzureTable implements EntityTable {
  readonly #client: TableClient;
  readonly #count: CountRequest;

  constructor(client: TableClient, count: CountRequest) {
    this.#client = client;
    this.#count = count;
  }

  async get(partition: string, row: string): Promise<StoredEntity | null> {
    this.#count("read");
    return await attempt(async () => {
      try {
        return toStored(await this.#client.getEntity(partition, row, { abortSignal: limit() }));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    });
  }

  async *pages(partition: string, from: string, to: string): AsyncIterable<readonly StoredEntity[]> {
    const { odata } = await import("@azure/data-tables");
    const filter = odata`PartitionKey eq ${partition} and RowKey ge ${from} and RowKey lt ${to}`;
    const pages = this.#client.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: 1_000 });
    for (;;) {
      this.#count("read");
      const page = await attempt(() => pages.next());
      if (page.done === true) return;
      yield page.value.map(toStored);
      // A page without a token is the last: asking on sends no request, and must not be counted as one.
      if (tokenOf(page.value) === undefined) return;
    }
  }

  async transact(partition: string, writes: readonly EntityWrite[]): Promise<readonly string[]> {
    if (writes.length === 0) return [];
    for (const { row, columns } of writes) measureEntity(partition, row, columns);
    this.#count("transaction");
    const actions = writes.map((write) => toAction(partition, write));
    const answer = await attempt(() => this.#client.submitTransaction(actions, { abortSignal: limit() }));
    return answer.subResponses.map(({ etag }) => etag ?? "");
  }
}

function toAction(partition: string, write: EntityWrite): TransactionAction {
  const entity = { partitionKey: partition, rowKey: write.row, ...write.columns };
  switch (write.kind) {
    case "create":
      return ["create", entity];
    case "upsert":
      return ["upsert", entity, "Replace"];
    case "replace":
      return ["update", entity, "Replace", { etag: write.etag }];
  }
}

function toStored(entity: object): StoredEntity {
  const all = Object.entries(entity) as [string, unknown][];
  const columns: Record<string, string | number | boolean> = {};
  for (const [name, value] of all) {
    if (SYSTEM.has(name) || name.startsWith("odata.")) continue;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") columns[name] = value;
  }
  const found = Object.fromEntries(all);
  return { row: String(found["rowKey"]), columns, etag: String(found["etag"]) };
}

/** The SDK hangs the token on the array of a page, where its types do not show it. */
function tokenOf(page: unknown): unknown {
  return (page as { readonly continuationToken?: unknown }).continuationToken;
}

const limit = (): AbortSignal => AbortSignal.timeout(REQUEST_MS);

async function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw tableError(error);
  }
}
