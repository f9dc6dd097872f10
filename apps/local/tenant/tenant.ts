// Starts the simulated tenant: a Graph, a managed-identity endpoint and the simulator's door on one loopback port.
import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { UserFault } from "../../../shared/domain/fault.ts";
import { ORPHAN_MS, startLocked } from "../durable/folder-lock.ts";
import type { TenantOptions } from "./options.ts";
import { createTenantServer } from "./server.ts";
import { Simulation } from "./simulation.ts";
import type { TenantStats } from "./simulator-door.ts";
import { tenantStats } from "./simulator-door.ts";
import { Tokens } from "./tokens.ts";
import type { TenantAccount } from "./witness.ts";
import { tenantAccount } from "./witness.ts";

export interface Tenant {
  /** Graph root, without a slash at the end: `GRAPH_BASE_URL`. */
  readonly url: string;
  readonly port: number;
  /** `IDENTITY_ENDPOINT`. */
  readonly identityEndpoint: string;
  stats(): TenantStats;
  account(): TenantAccount;
  /** Resolves when the log cannot be written: from then on nothing is answered, and the tenant has to be ended. */
  broken(): Promise<Error>;
  /** Answers what is in flight with a cut, stores everything, frees the port. */
  close(): Promise<void>;
}

export async function startTenant(options: TenantOptions): Promise<Tenant> {
  const { dataDir } = options;
  if (dataDir !== null) await mkdir(dataDir, { recursive: true });
  // Two processes that append to one log would tear it. The tenant of a supervisor that was killed is gone within a moment.
  return startLocked(dataDir, ORPHAN_MS, (unlock) => start(options, unlock));
}

async function start(options: TenantOptions, unlock: () => Promise<void>): Promise<Tenant> {
  const simulation = new Simulation(options);
  const { tenantId, identityHeader, identities } = options;
  const lifetimeS = simulation.knobs.tokenLifetimeS;
  const tokens = new Tokens({ tenantId, identityHeader, identities, lifetimeS, wallNow: () => Date.now() });
  const server = createTenantServer(simulation, tokens);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, "127.0.0.1", resolve);
    });
  } catch (error) {
    await simulation.close();
    throw portFault(error, options.port);
  }
  const port = portOf(server.address());
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    identityEndpoint: `${url}/msi/token`,
    stats: () => tenantStats(simulation),
    broken: () => simulation.whenBroken(),
    account: () => tenantAccount(simulation),
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
      await simulation.close();
      await unlock();
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

const NO_PORT: readonly string[] = ["EADDRINUSE", "EADDRNOTAVAIL"];

function portFault(error: unknown, port: number): unknown {
  if (!(error instanceof Error) || !("code" in error) || !NO_PORT.includes(String(error.code))) return error;
  const what = port === 0 ? "this machine has no free port." : `port ${port} is in use.`;
  const fix =
    port === 0
      ? "End programs that hold ports open, then try again."
      : "End the program that holds it, or choose another; 0 picks a free one.";
  return new UserFault([{ what, fix, at: { where: "--port" } }]);
}
