// The parts of rhea 3 that its typings do not show and a broker needs, each behind a guard that fails loudly when another
// version of rhea has moved them; and the cures for its traps on the server side.
import rhea, { type Connection, type Delivery, type Receiver, type Sender, type Session } from "rhea";

interface LocalAttach {
  snd_settle_mode?: number;
  rcv_settle_mode?: number;
  max_message_size?: number;
}

export type ServerSender = Sender & {
  readonly credit: number;
  readonly delivery_count: number;
  readonly _draining: boolean;
  _get_drain: () => boolean;
  issue_flow: boolean;
  readonly local: { readonly attach: LocalAttach };
};

export type ServerReceiver = Receiver & {
  readonly credit: number;
  readonly local: { readonly attach: LocalAttach };
};

type ServerDelivery = Delivery & { settled: boolean; remote_settled: boolean };

export function serverSender(link: Sender): ServerSender {
  if (!isServerSender(link)) throw moved("sender");
  return link;
}

export function serverReceiver(link: Receiver): ServerReceiver {
  if (!isServerReceiver(link)) throw moved("receiver");
  return link;
}

/**
 * Answers a delivery for good. With rcv-settle-mode second the client never settles back, so rhea would keep the delivery in
 * the session's ring for ever and the link would stop after 2,048 messages: what the answer settles counts as settled there.
 */
export function settleOutgoing(delivery: Delivery, state: unknown): void {
  if (!delivery.link.session.is_open()) return; // a frame on an ended session would end the client's connection
  delivery.update(true, state);
  if (!isServerDelivery(delivery)) throw moved("delivery");
  delivery.remote_settled = true;
}

/** Sent settled: nothing is due from the peer (answers on `$cbs` and `$management`). */
export function presettle(delivery: Delivery): void {
  if (!isServerDelivery(delivery)) throw moved("delivery");
  delivery.settled = true;
}

/**
 * rhea answers a drain only where there is credit left; at credit 0 the client would wait 200 ms and close the link. Here a
 * drain is answered once nothing that was sent still waits to be written. `drained` hears how much credit it used up.
 */
export function cureDrain(sender: ServerSender, ready: () => boolean, drained: (credit: number) => void): void {
  const fields: { credit: number; delivery_count: number } & object = sender;
  sender._get_drain = () => {
    if (!sender._draining || !ready()) return false;
    drained(fields.credit);
    fields.delivery_count += fields.credit;
    fields.credit = 0;
    return true;
  };
}

/** A flow outside an event of rhea's would not be written by itself. */
export function writeFlow(sender: ServerSender): void {
  sender.issue_flow = true;
  const connection: unknown = sender.connection;
  if (!hasRegister(connection)) throw moved("connection");
  connection._register();
}

/** Any message format but 0 makes rhea hand out the bytes as they came: decoding would lose their types. */
const RAW_FORMAT = 0x7fffffff;

export function keepTransfersRaw(session: Session): void {
  const incoming: unknown = Reflect.get(session, "incoming");
  if (!hasTransfers(incoming)) throw moved("session");
  const original = incoming.on_transfer;
  incoming.on_transfer = (frame, receiver) => {
    if (frame.performative.message_format === 0) frame.performative.message_format = RAW_FORMAT;
    original.call(incoming, frame, receiver);
  };
}

/**
 * A link's name is its own within its direction: Proton gives the links from and to a queue the same one. rhea knows links by
 * name alone and would take the second for a second attach of the first: so that one gets another name, on this side only.
 */
export function tellDirectionsApart(session: Session): void {
  if (!hasLinks(session)) throw moved("session");
  const original = session.on_attach;
  session.on_attach = (frame) => {
    const { name, role } = frame.performative; // of the peer: true where it receives
    const ownName = `${name} (${role ? "out" : "in"})`;
    if (session.links[name]?.is_receiver() === role && session.links[ownName] === undefined) {
      const link = role ? session.create_sender(ownName) : session.create_receiver(ownName);
      link.local.attach.name = name;
      frame.performative.name = ownName;
    }
    original.call(session, frame);
  };
}

/** rhea ends a connection that broke its idle limit without an event of its own, and keeps its links for another second. */
export function hearSilence(connection: Connection, silent: () => void): void {
  if (!hasIdle(connection)) throw moved("connection");
  const original = connection.idle;
  connection.idle = () => {
    silent();
    original.call(connection);
  };
}

/** The state of an answer: accepted, or rejected with an error. */
export function acceptedState(): unknown {
  return factories().accepted().described();
}

export function rejectedState(condition: string, description: string): unknown {
  return factories().rejected({ error: { condition, description } }).described();
}

/** The fields of an outcome, each as encoded bytes with its types as they came. */
export function outcomeFields(delivery: Delivery): Buffer[] {
  const state: unknown = delivery.remote_state;
  if (!hasFields(state)) return [];
  return state.value.map((field) => encodeTyped(field));
}

function encodeTyped(value: unknown): Buffer {
  if (value === undefined || value === null) return Buffer.from([0x40]);
  const types: unknown = rhea.types;
  if (!hasWriter(types)) throw moved("types");
  const writer = new types.Writer();
  writer.write(value);
  return Buffer.from(writer.toBuffer());
}

interface Described {
  described(): unknown;
}

interface Factories {
  accepted(): Described;
  rejected(fields: { readonly error: { readonly condition: string; readonly description: string } }): Described;
}

function factories(): Factories {
  const message: unknown = rhea.message;
  if (!isFactories(message)) throw moved("message");
  return message;
}

interface Incoming {
  on_transfer: (frame: { readonly performative: { message_format?: number } }, receiver: unknown) => void;
}

interface NamedLink {
  is_receiver(): boolean;
  readonly local: { readonly attach: { name: string } };
}

interface WithLinks {
  readonly links: Readonly<Record<string, NamedLink | undefined>>;
  on_attach: (frame: { readonly performative: { name: string; readonly role: boolean } }) => void;
  create_sender(name: string): NamedLink;
  create_receiver(name: string): NamedLink;
}

function hasLinks(session: object): session is WithLinks {
  return "links" in session && "on_attach" in session && "create_sender" in session;
}

function isServerSender(link: Sender): link is ServerSender {
  return "_get_drain" in link && "issue_flow" in link && "delivery_count" in link && "local" in link;
}

function isServerReceiver(link: Receiver): link is ServerReceiver {
  return "credit" in link && "local" in link;
}

function isServerDelivery(delivery: object): delivery is ServerDelivery {
  return "remote_settled" in delivery && "settled" in delivery;
}

function hasRegister(connection: unknown): connection is { _register(): void } {
  return typeof connection === "object" && connection !== null && "_register" in connection;
}

function hasIdle(connection: object): connection is { idle: () => void } {
  return "idle" in connection;
}

function hasTransfers(incoming: unknown): incoming is Incoming {
  return typeof incoming === "object" && incoming !== null && "on_transfer" in incoming;
}

function hasFields(state: unknown): state is { readonly value: readonly unknown[] } {
  return typeof state === "object" && state !== null && "value" in state && Array.isArray(state.value);
}

function hasWriter(types: unknown): types is { Writer: new () => { write(value: unknown): void; toBuffer(): Buffer } } {
  return typeof types === "object" && types !== null && "Writer" in types;
}

function isFactories(message: unknown): message is Factories {
  return typeof message === "object" && message !== null && "accepted" in message && "rejected" in message;
}

function moved(what: string): Error {
  return new Error(`this version of rhea has another ${what}: the broker was written for rhea 3.0`);
}
