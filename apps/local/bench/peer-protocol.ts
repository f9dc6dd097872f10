// What the benchmark tells a peer's process, and what that answers: one message each way, over the channel of child_process.fork.
import * as z from "zod";

/** How a peer sends its writes. */
const way = z.union([
  z.object({ kind: z.literal("single"), inFlight: z.number() }),
  z.object({ kind: z.literal("batch"), isRead: z.boolean() }),
]);
export type Way = z.infer<typeof way>;

export const peerAsk = z.object({
  way,
  graphUrl: z.string(),
  token: z.string(),
  users: z.array(z.string()),
  /** Virtual now is the wall times the rate plus the offset. */
  clock: z.object({ rate: z.number(), offset: z.number() }),
});
export type PeerAsk = z.infer<typeof peerAsk>;

export const peerAnswer = z.object({
  /** Of whom the peer knows, or believes, that they are not set. */
  failed: z.array(z.string()),
  maxRssBytes: z.number(),
});
export type PeerAnswer = z.infer<typeof peerAnswer>;
