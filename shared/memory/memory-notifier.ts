// Notifier on a tenant in memory: a mail lies in its person's mailbox.
import type { Answer } from "../domain/failure.ts";
import type { SenderId } from "../domain/names.ts";
import { MAIL_BATCH_STEPS } from "../domain/slice.ts";
import type { Clock } from "../ports/clock.ts";
import type { Mail, Notifier } from "../ports/notifier.ts";
import { askEach } from "./memory-directory.ts";
import type { MemoryTenant } from "./memory-tenant.ts";
import { ACCEPTED } from "./memory-tenant.ts";

export class MemoryNotifier implements Notifier {
  readonly #tenant: MemoryTenant;
  readonly #clock: Clock;

  constructor(tenant: MemoryTenant, clock: Clock) {
    this.#tenant = tenant;
    this.#clock = clock;
  }

  async send(sender: SenderId, mails: readonly Mail[]): Promise<readonly Answer[]> {
    if (mails.length > MAIL_BATCH_STEPS) throw new Error(`${mails.length} mails in one call`);
    const users = mails.map(({ userId }) => userId);
    return askEach<Answer>(
      this.#tenant,
      { call: "mail", users },
      {
        act: (userId, index) => {
          const mail = mails[index];
          // As Exchange: an unknown recipient is accepted, and reported to the sender much later.
          if (mail !== undefined) this.#tenant.people.get(userId)?.mails.push({ at: this.#clock.now(), sender, mail });
          return ACCEPTED;
        },
        failed: (answer) => answer,
      },
    );
  }
}
