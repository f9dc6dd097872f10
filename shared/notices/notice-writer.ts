// The pipeline's port on these words. Loads once, at the first notice: nothing is read at import.
import { noticeKind } from "../domain/names.ts";
import type { NoticeWriter } from "../ports/notifier.ts";
import { renderNotice, spokenLanguage } from "./notices.ts";
import type { Notices } from "./notices.ts";

/** `load` is asked again only after it failed: a folder may come back, words do not change under a running rollout. */
export function createNoticeWriter(load: () => Promise<Notices>): NoticeWriter {
  let loading: Promise<Notices> | undefined;
  return {
    async write({ notice, language, formatDeadline, ...others }) {
      const notices = await (loading ??= load().catch((error: unknown) => {
        loading = undefined;
        throw error;
      }));
      const kind = noticeKind(notice);
      const spoken = spokenLanguage(notices, kind, language);
      const variables = { ...others, enforceAfterText: formatDeadline(spoken) };
      const { subject, html, text } = renderNotice(notices, { notice: kind, language, variables });
      return { subject, html, text };
    },
  };
}
