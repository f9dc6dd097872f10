// The node `$cbs`: clients put a token for each entity before they attach. The embedded broker listens on the loopback only
// and takes every token, so that its connection string can be printed and pasted.
import { encodeInt, encodeNull, encodeString } from "./amqp-encode.ts";
import { encodeResponse, type Request } from "./amqp-message.ts";

const KNOWN = new Set(["put-token", "delete-token"]);

/** Unlike `$management`, this node spells its attributes with hyphens. */
export function answerCbs(request: Request): Buffer {
  const [status, description] = KNOWN.has(request.operation) ? [202, "Accepted"] : [501, "Not implemented"];
  return encodeResponse(
    request.messageId,
    { "status-code": encodeInt(status), "status-description": encodeString(description) },
    encodeNull,
  );
}
