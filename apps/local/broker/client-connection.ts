// One client's connection: its links by kind, the answers of the request/response nodes, and what ends with its socket.
import type { Connection, Delivery, Receiver, Sender, Session } from "rhea";
import { findNode, notFoundText, type Node } from "./address.ts";
import { parseRequest, type Request } from "./amqp-message.ts";
import { answerCbs } from "./cbs.ts";
import type { Engine } from "./engine.ts";
import type { BrokerFaults } from "./faults.ts";
import { FreeMoment } from "./free-moment.ts";
import { IncomingLink, MAX_MESSAGE_BYTES } from "./incoming-link.ts";
import { answerManagement, internalError } from "./management.ts";
import { OutgoingLink } from "./outgoing-link.ts";
import type { Queue } from "./queue.ts";
import { presettle, serverReceiver, serverSender, type ServerReceiver } from "./rhea-internals.ts";
import type { Store } from "./store.ts";

const REQUEST_CREDIT = 100;
const CLOSE_GRACE_MS = 100;

export interface Serving {
  readonly store: Store;
  readonly served: ReadonlySet<Queue>;
  readonly engine: Engine;
  readonly faults: BrokerFaults;
  readonly log: (line: string) => void;
}

/** `requests`: a link on which requests come; `replies`: the one on which a client waits for their answers. */
type Incoming =
  | { readonly kind: "queue"; readonly link: IncomingLink }
  | { readonly kind: "requests"; readonly node: Node; readonly receiver: ServerReceiver };

export class ClientConnection {
  readonly #connection: Connection;
  readonly #serving: Serving;
  readonly #incoming = new Map<Sender | Receiver, Incoming>();
  readonly #outgoing = new Map<Sender | Receiver, OutgoingLink>();
  readonly #replies = new Set<Sender>();
  #ended = false;
  readonly #free = new FreeMoment(
    () => this.#inHand(),
    () => this.#goOn(),
  );

  constructor(connection: Connection, serving: Serving) {
    this.#connection = connection;
    this.#serving = serving;
  }

  /** The client wants to receive. */
  onSenderOpen(sender: Sender): void {
    const address = addressOf(sender.source);
    const node = this.#find(address);
    if (node === null) return this.#refuse(sender, "amqp:not-found", this.#missing(address));
    if (hasEntries(sender.source.filter)) {
      return this.#refuse(sender, "amqp:not-implemented", "The embedded broker has no sessions and no filters.");
    }
    this.#echo(sender, address, addressOf(sender.target));
    if (node.kind !== "queue") {
      this.#replies.add(sender);
      return;
    }
    const { attach } = serverSender(sender).local;
    attach.snd_settle_mode = sender.snd_settle_mode;
    attach.rcv_settle_mode = sender.rcv_settle_mode;
    const { engine, faults } = this.#serving;
    const link = new OutgoingLink({
      sender: serverSender(sender),
      queue: node.queue,
      shelf: node.shelf,
      owner: this,
      engine,
      faults,
      cut: () => this.#cut(),
      isPaused: () => this.#free.isAwaited,
    });
    this.#outgoing.set(sender, link);
    engine.attach(link);
  }

  /** The client wants to send. */
  onReceiverOpen(receiver: Receiver): void {
    const address = addressOf(receiver.target);
    if (address === null) {
      return this.#refuse(receiver, "amqp:not-implemented", "The embedded broker has no transactions.");
    }
    const node = this.#find(address);
    if (node === null) return this.#refuse(receiver, "amqp:not-found", this.#missing(address));
    if (node.kind === "queue" && node.shelf === "dead") {
      return this.#refuse(receiver, "amqp:not-allowed", "Nothing can be sent to a dead-letter queue.");
    }
    this.#echo(receiver, addressOf(receiver.source), address);
    const server = serverReceiver(receiver);
    server.local.attach.max_message_size = MAX_MESSAGE_BYTES;
    if (node.kind === "queue") {
      const { engine, faults } = this.#serving;
      const destroySocket = (): void => {
        this.destroy("a fault");
      };
      const link = new IncomingLink({ receiver: server, queue: node.queue, engine, faults, destroySocket });
      this.#incoming.set(receiver, { kind: "queue", link });
      return;
    }
    receiver.add_credit(REQUEST_CREDIT);
    this.#incoming.set(receiver, { kind: "requests", node, receiver: server });
  }

  async onMessage(receiver: Receiver, delivery: Delivery, bytes: Buffer): Promise<void> {
    const incoming = this.#incoming.get(receiver);
    if (incoming === undefined) return;
    if (incoming.kind === "queue") return incoming.link.onTransfer(delivery, bytes);
    delivery.accept();
    incoming.receiver.add_credit(1);
    const request = parseRequest(bytes);
    this.#reply(request, await this.#answer(incoming.node, request));
  }

  async onOutcome(
    sender: Sender,
    delivery: Delivery,
    kind: "accepted" | "rejected" | "released" | "modified",
  ): Promise<void> {
    await this.#outgoing.get(sender)?.onOutcome(delivery, kind);
    if (this.#serving.faults.strikes("bus-close")) this.#free.wait(() => this.close());
    this.#free.look();
  }

  onSettled(sender: Sender, delivery: Delivery): Promise<void> {
    return this.#outgoing.get(sender)?.onSettled(delivery) ?? Promise.resolve();
  }

  onFlow(sender: Sender): void {
    this.#outgoing.get(sender)?.onFlow();
  }

  onSendable(sender: Sender): void {
    const link = this.#outgoing.get(sender);
    if (link !== undefined) this.#serving.engine.pump(link.queue, link.shelf);
  }

  /** The link is gone, its locks stay: they belong to the connection and can be settled through `$management`. */
  onLinkClose(link: Sender | Receiver): void {
    const outgoing = this.#outgoing.get(link);
    if (outgoing !== undefined) {
      outgoing.close();
      this.#serving.engine.detach(outgoing);
    }
    this.#outgoing.delete(link);
    this.#incoming.delete(link);
    for (const sender of this.#replies) if (sender === link) this.#replies.delete(sender);
  }

  onSessionClose(session: Session): void {
    const links = [...this.#outgoing.keys(), ...this.#incoming.keys(), ...this.#replies];
    for (const link of links) if (link.session === session) this.onLinkClose(link);
  }

  onEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#free.forget();
    for (const link of this.#outgoing.values()) {
      link.close();
      this.#serving.engine.detach(link);
    }
    this.#outgoing.clear();
    this.#incoming.clear();
    this.#replies.clear();
    this.#serving.engine.disconnected(this);
  }

  /** An error makes rhea clear its timers and say that the connection is gone; a bare destroy would not. */
  destroy(why: string): void {
    const socket: unknown = Reflect.get(this.#connection, "socket");
    if (isDestroyable(socket)) socket.destroy(new Error(`the broker cut this connection: ${why}`));
  }

  /** As the service does when it moves: a close frame, then the socket, whether or not the client answers. */
  close(): void {
    this.#connection.close({ condition: "amqp:connection:forced", description: "The broker closes this connection." });
    this.endSoon();
  }

  endSoon(): void {
    setTimeout(() => {
      this.destroy("closed");
    }, CLOSE_GRACE_MS).unref();
  }

  /** A single delivery may be in the client's hand: its settlement finds another way at once. */
  #cut(): void {
    if (this.#inHand() <= 1) this.destroy("a fault");
    else this.#free.wait(() => this.destroy("a fault"));
  }

  #goOn(): void {
    for (const { queue, shelf } of this.#outgoing.values()) this.#serving.engine.pump(queue, shelf);
  }

  #inHand(): number {
    let sum = 0;
    for (const link of this.#outgoing.values()) sum += link.inHand();
    return sum;
  }

  async #answer(node: Node, request: Request): Promise<Buffer> {
    if (node.kind === "cbs") return answerCbs(request);
    const { queue, shelf } = node;
    try {
      return await answerManagement({ engine: this.#serving.engine, queue, shelf, owner: this }, request);
    } catch (error) {
      return internalError(request, error);
    }
  }

  /** reply-to is the name of the client's receiver link, which is its target address as well. */
  #reply(request: Request, answer: Buffer): void {
    for (const sender of this.#replies) {
      if (sender.name !== request.replyTo && addressOf(sender.target) !== request.replyTo) continue;
      if (sender.is_open()) presettle(sender.send(answer, undefined, 0));
      return;
    }
    this.#serving.log(`broker: a request ${request.operation} names a link for its answer that is not there`);
  }

  #find(address: string | null): Node | null {
    return address === null ? null : findNode(this.#serving.store, this.#serving.served, address);
  }

  #missing(address: string | null): string {
    return notFoundText(this.#connection.hostname ?? "localhost", address ?? "");
  }

  /** Independent clients compare the answer's addresses with what they asked for. */
  #echo(link: Sender | Receiver, source: string | null, target: string | null): void {
    if (source !== null) link.set_source({ address: source });
    if (target !== null) link.set_target({ address: target });
  }

  /** The SDK keeps some of these words to itself (a session that is refused "may be locked"): the log has them all. */
  #refuse(link: Sender | Receiver, condition: string, description: string): void {
    this.#serving.log(`broker: a link was refused: ${description}`);
    link.close({ condition, description });
  }
}

function addressOf(terminus: unknown): string | null {
  if (typeof terminus !== "object" || terminus === null || !("address" in terminus)) return null;
  return typeof terminus.address === "string" ? terminus.address : null;
}

function hasEntries(filter: unknown): boolean {
  return typeof filter === "object" && filter !== null && Object.keys(filter).length > 0;
}

function isDestroyable(socket: unknown): socket is { destroy(error: Error): void } {
  return typeof socket === "object" && socket !== null && "destroy" in socket;
}
