// Where the words of the notices are read from: the package's own folder, a customer's folder, a map in a test.
// Adapter: shared/azure/notice-files.ts.
import type { NoticeManifest } from "../domain/notice-manifest.ts";

export interface NoticeFiles {
  /**
   * The text of one file, UTF-8.
   *
   * @param path relative, with `/`: `first-notice/en.subject.liquid`
   * @returns the text, or `undefined` when there is no such file
   */
  readText(path: string): Promise<string | undefined>;
  /** Names directly in a folder (`""` is the root), sorted; none when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
}

/** Reads a `notice.yaml`; a codec's work, since notices know no YAML. @throws UserFault */
export type ParseNoticeManifest = (text: string, where: string) => NoticeManifest;
