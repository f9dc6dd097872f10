// Sends notices. Adapters: azure/graph-notifier (sendMail), memory/notifier; suite: test/conformance/notifier.
import type { Answer } from "../domain/failure.ts";
import type { NoticeKey, RolloutId, SenderId, UserId } from "../domain/names.ts";

export interface Mail {
  readonly userId: UserId;
  readonly rollout: RolloutId;
  readonly notice: NoticeKey;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

export interface Notifier {
  /**
   * At most four mails of one mailbox, in one call. A mail leaves at most once a call: nothing is retried here.
   *
   * @returns one answer a mail, in their order; `none` = it may have left
   * @throws Unavailable when no token could be had: nothing was sent
   */
  send(sender: SenderId, mails: readonly Mail[]): Promise<readonly Answer[]>;
}

/** Words of a notice in the user's language. Adapter: shared/notices. */
export interface NoticeWriter {
  write(ask: {
    readonly notice: NoticeKey;
    readonly language: string | null;
    readonly displayName: string;
    /** The deadline in words of that language: the one of the words that are found, which may not be the user's own. */
    readonly formatDeadline: (language: string) => string;
    readonly rollout: RolloutId;
    readonly helpContact: string;
  }): Promise<{ readonly subject: string; readonly html: string; readonly text: string }>;
}
