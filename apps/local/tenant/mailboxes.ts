// The sender mailboxes: how many sends at once, how many a minute and a day, and when a message arrives. Sending stays `202`
// past the limits, as in Exchange Online: what is too much comes late or bounces (Microsoft Learn: Exchange Online limits).
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../../shared/domain/instant.ts";
import { chance } from "../chance.ts";
import type { MailEvent } from "./event.ts";
import type { Sender } from "./options.ts";

const PARALLEL_SENDS = 4;
const PER_MINUTE = 30;
const RECIPIENTS_PER_DAY = 10_000;
// Just over the limit messages wait; far over it they bounce.
const LATE_UP_TO = 2 * PER_MINUTE;

export interface MailboxCounts {
  sent: number;
  delivered: number;
  late: number;
  bounced: number;
  /** Reports in the sender's inbox about addresses that nobody has. */
  undeliverable: number;
}

interface Mailbox {
  readonly sender: Sender;
  readonly counts: MailboxCounts;
  inFlight: number;
  /** Sends of the last 24 hours, oldest first, from `#from` on. */
  recent: { readonly at: Instant; readonly recipients: number }[];
  from: number;
  recipientsInDay: number;
}

export class Mailboxes {
  readonly #seed: number;
  readonly #limited: boolean;
  readonly #byKey = new Map<string, Mailbox>();
  readonly #all: Mailbox[] = [];

  constructor(senders: readonly Sender[], limited: boolean, seed: number) {
    this.#limited = limited;
    this.#seed = seed;
    for (const sender of senders) {
      const counts = { sent: 0, delivered: 0, late: 0, bounced: 0, undeliverable: 0 };
      const mailbox = { sender, counts, inFlight: 0, recent: [], from: 0, recipientsInDay: 0 };
      this.#all.push(mailbox);
      this.#byKey.set(sender.id.toLowerCase(), mailbox);
      this.#byKey.set(sender.mail.toLowerCase(), mailbox);
    }
  }

  find(idOrMail: string): Sender | undefined {
    return this.#byKey.get(idOrMail.toLowerCase())?.sender;
  }

  /** Takes up to `wanted` of the mailbox's four places; what it gives must be released when the answer is on its way. */
  occupy(sender: Sender, wanted: number): number {
    const mailbox = this.#of(sender);
    if (!this.#limited) return wanted;
    const got = Math.max(0, Math.min(wanted, PARALLEL_SENDS - mailbox.inFlight));
    mailbox.inFlight += got;
    return got;
  }

  release(sender: Sender, places: number): void {
    if (this.#limited) this.#of(sender).inFlight -= places;
  }

  /** When a message sent now will arrive; `null`: it bounces. */
  arrival(sender: Sender, recipients: number, now: Instant): Instant | null {
    const mailbox = this.#of(sender);
    const key = `${sender.id}/${mailbox.counts.sent}`;
    const soon = now + Math.ceil(2 * SECOND_MS + chance(this.#seed, `${key}/transit`) * 20 * SECOND_MS);
    if (!this.#limited) return soon;
    expire(mailbox, now);
    if (mailbox.recipientsInDay + recipients > RECIPIENTS_PER_DAY) return null;
    const inMinute = countSince(mailbox, now - MINUTE_MS);
    if (inMinute < PER_MINUTE) return soon;
    if (inMinute >= LATE_UP_TO && chance(this.#seed, `${key}/bounce`) < 0.5) return null;
    return soon + Math.ceil((5 + chance(this.#seed, `${key}/late`) * 40) * MINUTE_MS);
  }

  apply(event: MailEvent, unknownRecipients: number): void {
    const mailbox = this.#byKey.get(event.sender);
    if (mailbox === undefined) return;
    mailbox.recent.push({ at: event.at, recipients: event.to.length });
    mailbox.recipientsInDay += event.to.length;
    mailbox.counts.sent++;
    mailbox.counts.undeliverable += unknownRecipients;
    if (event.arrivesAt === null) mailbox.counts.bounced++;
    else if (unknownRecipients < event.to.length) mailbox.counts.delivered++;
    if (event.arrivesAt !== null && event.arrivesAt - event.at > MINUTE_MS) mailbox.counts.late++;
  }

  /** Counts by sender, in the order of the options. */
  counts(): readonly { readonly sender: Sender; readonly counts: Readonly<MailboxCounts> }[] {
    return this.#all.map(({ sender, counts }) => ({ sender, counts: { ...counts } }));
  }

  #of(sender: Sender): Mailbox {
    const mailbox = this.#byKey.get(sender.id.toLowerCase());
    if (mailbox === undefined) throw new Error(`no mailbox ${sender.id}`);
    return mailbox;
  }
}

function expire(mailbox: Mailbox, now: Instant): void {
  for (let first = mailbox.recent[mailbox.from]; first !== undefined && first.at <= now - DAY_MS;) {
    mailbox.recipientsInDay -= first.recipients;
    mailbox.from++;
    first = mailbox.recent[mailbox.from];
  }
  // Cut only when most of the list is old, so that expiry stays linear in what was sent.
  if (mailbox.from > 1_000 && mailbox.from * 2 > mailbox.recent.length) {
    mailbox.recent = mailbox.recent.slice(mailbox.from);
    mailbox.from = 0;
  }
}

function countSince(mailbox: Mailbox, since: Instant): number {
  let count = 0;
  for (let i = mailbox.recent.length - 1; i >= mailbox.from; i--) {
    if ((mailbox.recent[i]?.at ?? -Infinity) <= since) break;
    count++;
  }
  return count;
}
