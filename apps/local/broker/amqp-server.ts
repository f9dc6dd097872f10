// rhea's events, brought to the connection they belong to. No event is left without a handler: an unhandled one would end
// the process or go unnoticed.
import type { Server, Socket } from "node:net";
import rhea, { type Connection, type Container, type EventContext } from "rhea";
import { UserFault } from "../../../shared/domain/fault.ts";
import { ClientConnection, type Serving } from "./client-connection.ts";
import { hearSilence, keepTransfersRaw, tellDirectionsApart } from "./rhea-internals.ts";

const MAX_FRAME_BYTES = 65_536;
const CLOSE_GRACE_MS = 300;
const OUTCOMES = ["accepted", "rejected", "released", "modified"] as const;

// Its typings do not name the second one: without it each abandon would be handled twice.
const SENDER_OPTIONS = { autosettle: false, treat_modified_as_released: false };

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly idleMs: number;
}

export interface AmqpServer {
  readonly port: number;
  /** Cuts every connection at once, as a failing network does. */
  cutAll(): void;
  close(): Promise<void>;
}

export async function listenAmqp(options: ServerOptions, serving: Serving): Promise<AmqpServer> {
  const clients = new Map<Connection, ClientConnection>();
  const container = rhea.create_container({ id: "mfa-rollout-broker" });
  enableMechanisms(container.sasl_server_mechanisms);
  const clientOf = (connection: Connection): ClientConnection => {
    const known = clients.get(connection);
    if (known !== undefined) return known;
    const made = new ClientConnection(connection, serving);
    clients.set(connection, made);
    return made;
  };
  onLinks(container, clientOf);
  onTransfers(container, clientOf, serving.log);
  const end = onEnds(container, clients);
  const limit = `${String(options.idleMs / 1_000)} s`;
  container.on("connection_open", ({ connection }: EventContext) => {
    hearSilence(connection, () => {
      serving.log(`broker: a client was silent for twice its idle limit of ${limit}: its connection is dropped`);
      end(connection);
    });
  });
  onErrors(container, serving.log);

  const listen = {
    host: options.host,
    port: options.port,
    max_frame_size: MAX_FRAME_BYTES,
    idle_time_out: options.idleMs,
    tcp_no_delay: true,
    // More than the SDK's own ring of 2,048, so that ours is never the one that is full.
    session_buffer_size: { incoming: 4_096, outgoing: 8_192 },
    sender_options: SENDER_OPTIONS,
    receiver_options: { autoaccept: false, autosettle: false, credit_window: 0 },
  };
  const server = container.listen(listen); // by name: rhea's typings do not know all that it reads
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // rhea counts idle time from the first byte on: who never says one would stay for ever.
    socket.setTimeout(2 * options.idleMs, () => socket.destroy());
    socket.once("data", () => socket.setTimeout(0));
  });
  const port = await listening(server, options);

  return {
    port,
    cutAll() {
      for (const client of [...clients.values()]) client.destroy("all connections are cut");
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of clients.values()) client.close();
      // Whoever connects and never says a word, or does not let go of its socket.
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, CLOSE_GRACE_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

type ClientOf = (connection: Connection) => ClientConnection;

function onLinks(container: Container, clientOf: ClientOf): void {
  container.on("session_open", ({ session }: EventContext) => {
    if (session === undefined) return;
    keepTransfersRaw(session);
    tellDirectionsApart(session);
  });
  container.on("sender_open", ({ connection, sender }: EventContext) => {
    if (sender !== undefined) clientOf(connection).onSenderOpen(sender);
  });
  container.on("receiver_open", ({ connection, receiver }: EventContext) => {
    if (receiver !== undefined) clientOf(connection).onReceiverOpen(receiver);
  });
  container.on("sender_flow", ({ connection, sender }: EventContext) => {
    if (sender !== undefined) clientOf(connection).onFlow(sender);
  });
  container.on("sendable", ({ connection, sender }: EventContext) => {
    if (sender !== undefined) clientOf(connection).onSendable(sender);
  });
}

function onTransfers(container: Container, clientOf: ClientOf, log: (line: string) => void): void {
  const failed = reporter(log, "a transfer could not be answered");
  container.on("message", ({ connection, receiver, delivery, message }: EventContext) => {
    const bytes: unknown = message;
    if (receiver === undefined || delivery === undefined || !Buffer.isBuffer(bytes)) return;
    clientOf(connection).onMessage(receiver, delivery, bytes).catch(failed);
  });
  for (const outcome of OUTCOMES) {
    container.on(outcome, ({ connection, sender, delivery }: EventContext) => {
      if (sender === undefined || delivery === undefined) return;
      clientOf(connection).onOutcome(sender, delivery, outcome).catch(failed);
    });
  }
  container.on("settled", ({ connection, sender, delivery }: EventContext) => {
    if (sender === undefined || delivery === undefined) return;
    clientOf(connection).onSettled(sender, delivery).catch(failed);
  });
}

/** A lost socket raises `disconnected` alone, without a close for each of its links. @returns what ends a connection */
function onEnds(container: Container, clients: Map<Connection, ClientConnection>): (connection: Connection) => void {
  const end = (connection: Connection): void => {
    clients.get(connection)?.onEnd();
    clients.delete(connection);
  };
  for (const event of ["sender_close", "receiver_close"]) {
    container.on(event, ({ connection, sender, receiver }: EventContext) => {
      const link = sender ?? receiver;
      if (link !== undefined) clients.get(connection)?.onLinkClose(link);
    });
  }
  container.on("session_close", ({ connection, session }: EventContext) => {
    if (session !== undefined) clients.get(connection)?.onSessionClose(session);
  });
  container.on("connection_close", (context: EventContext) => {
    clients.get(context.connection)?.endSoon();
    end(context.connection);
  });
  container.on("disconnected", ({ connection }: EventContext) => end(connection));
  return end;
}

function onErrors(container: Container, log: (line: string) => void): void {
  // Errors that a peer sends with a close: the close event that follows does what is needed.
  for (const event of ["connection_error", "session_error", "sender_error", "receiver_error"]) {
    container.on(event, ({ connection }: EventContext) => {
      log(`broker: a client closed with ${event} (${connection.get_error()?.condition ?? "link"})`);
    });
  }
  container.on("protocol_error", (error: Error) => {
    log(`broker: ${explainHeader(error.message)}`);
  });
  container.on("error", reporter(log, "a connection failed"));
}

function reporter(log: (line: string) => void, what: string): (error: unknown) => void {
  return (error) => {
    log(`broker: ${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  };
}

function enableMechanisms(mechanisms: unknown): void {
  if (!hasMechanisms(mechanisms)) throw new Error("this version of rhea has other SASL mechanisms");
  mechanisms.enable_anonymous();
  mechanisms.enable_plain(() => true);
}

function hasMechanisms(
  mechanisms: unknown,
): mechanisms is { enable_anonymous(): void; enable_plain(check: () => boolean): void } {
  return typeof mechanisms === "object" && mechanisms !== null && "enable_plain" in mechanisms;
}

function listening(server: Server, { host, port }: ServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? portInUse(host, port) : error);
    });
    server.once("listening", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function portInUse(host: string, port: number): UserFault {
  return new UserFault([
    {
      at: { where: "--port" },
      what: `Port ${port} on ${host} is in use.`,
      fix: "Stop what listens there, or take another port (0 picks a free one).",
    },
  ]);
}

/** The first bytes of TLS and of HTTP, which a wrong connection string or the administration client sends here. */
function explainHeader(message: string): string {
  if (message.includes("160301") || message.includes("1603")) {
    return "a TLS client was refused: is UseDevelopmentEmulator=true missing in its connection string?";
  }
  const isHttp = ["47455420", "50555420", "504f5354", "44454c45"].some((hex) => message.includes(hex));
  return isHttp ? "an HTTP client was refused: the embedded broker has no administration interface" : message;
}
