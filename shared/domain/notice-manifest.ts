/** What a notice's `notice.yaml` says. */
export interface NoticeManifest {
  /** Every variable that the templates may use, with a value to try them with. */
  readonly samples: Readonly<Record<string, string>>;
}
