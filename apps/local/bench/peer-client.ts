// The official Graph client as people set it up: its own retry handler, nothing else. Only its clock is compressed.
import type { Context, Middleware } from "@microsoft/microsoft-graph-client";
import { Client, HTTPMessageHandler, RetryHandler } from "@microsoft/microsoft-graph-client";
import type { PeerAsk } from "./peer-protocol.ts";

/** The client's own handler sends no token to a root without TLS; its retries are kept. */
export function openClient({ graphUrl, token, clock }: Pick<PeerAsk, "graphUrl" | "token" | "clock">): Client {
  compress(clock);
  const retry = new RetryHandler();
  retry.setNext(new HTTPMessageHandler());
  const middleware: Middleware = {
    execute: (context: Context) => {
      const headers = new Headers(context.options?.headers);
      headers.set("Authorization", `Bearer ${token}`);
      context.options = { ...context.options, headers };
      return retry.execute(context);
    },
    setNext: () => undefined,
  };
  return Client.initWithMiddleware({ baseUrl: `${graphUrl}/`, middleware });
}

/**
 * The tenant speaks of virtual seconds and instants, and the handler waits in them: so many times as short on the wall, and a date in
 * `Retry-After` is read against the tenant's time. What it decides is untouched; only these two methods know a clock.
 */
function compress({ rate, offset }: PeerAsk["clock"]): void {
  const delayOf: unknown = Reflect.get(RetryHandler.prototype, "getDelay");
  if (typeof delayOf !== "function" || typeof Reflect.get(RetryHandler.prototype, "sleep") !== "function")
    throw new Error("this version of the Graph client waits in another way");
  const getDelay = function (this: unknown, ...args: readonly unknown[]): unknown {
    const wallNow = Date.now;
    Date.now = () => wallNow() * rate + offset;
    try {
      return Reflect.apply(delayOf, this, args);
    } finally {
      Date.now = wallNow;
    }
  };
  const sleep = (seconds: number): Promise<void> =>
    new Promise((resolve) => void setTimeout(resolve, Math.max(0, (seconds * 1_000) / rate)));
  Object.defineProperty(RetryHandler.prototype, "getDelay", { value: getDelay });
  Object.defineProperty(RetryHandler.prototype, "sleep", { value: sleep });
}
