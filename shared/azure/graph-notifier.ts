// Notices by Graph's sendMail, at most four of one mailbox in a `$batch`. Source: Microsoft Learn "user: sendMail".
import type { Answer } from "../domain/failure.ts";
import type { SenderId } from "../domain/names.ts";
import type { Mail, Notifier } from "../ports/notifier.ts";
import type { BatchDeps, BatchStep } from "./graph-batch.ts";
import { runGraphBatch } from "./graph-batch.ts";

export class GraphNotifier implements Notifier {
  readonly #deps: BatchDeps;

  constructor(deps: BatchDeps) {
    this.#deps = deps;
  }

  async send(sender: SenderId, mails: readonly Mail[]): Promise<readonly Answer[]> {
    const answers = await runGraphBatch(
      this.#deps,
      "v1.0",
      mails.map((mail) => toStep(sender, mail)),
    );
    return answers.map(({ answer }) => answer);
  }
}

function toStep(sender: SenderId, mail: Mail): BatchStep {
  const message = {
    subject: mail.subject,
    body: { contentType: "HTML", content: mail.html },
    toRecipients: [{ emailAddress: { address: mail.to } }],
    internetMessageHeaders: [
      { name: "x-mfa-rollout", value: mail.rollout },
      { name: "x-mfa-notice", value: mail.notice },
      { name: "x-mfa-enrollment", value: mail.userId },
    ],
  };
  return {
    method: "POST",
    url: `/users/${encodeURIComponent(sender)}/sendMail`,
    body: { message, saveToSentItems: false },
  };
}
