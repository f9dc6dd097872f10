// A wire between a client and the broker that can fall silent while both its ends stay open: what a client that was frozen, or a
// machine that lost its network, looks like to the broker.
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Broker } from "../../../apps/local/broker/broker.ts";

export interface MuffledWire {
  readonly connectionString: string;
  /** Nothing passes in either direction any more. */
  fallSilent(): void;
}

export async function givenMuffledWire(broker: Broker): Promise<MuffledWire> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(broker.port, "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      socket.on("error", () => undefined);
      sockets.push(socket);
    }
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    connectionString: broker.connectionString.replace(`:${String(broker.port)};`, `:${String(port)};`),
    fallSilent: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
}
