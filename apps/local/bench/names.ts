// The runs of the benchmark, by the names that scripts rely on.

/** The ways in which people do it by hand, each a process of its own. */
export const PEER_NAMES = [
  "sequential",
  "p-limit-20",
  "p-limit-200",
  "unbounded",
  "batch-unread",
  "batch-no-retry",
  "process-per-user",
] as const;
export type PeerName = (typeof PEER_NAMES)[number];

export const RUN_NAMES = [...PEER_NAMES, "pipeline"] as const;
export type RunName = (typeof RUN_NAMES)[number];
