// An HTTP proxy to a loopback port that can lose an answer: the request arrives, what it asks is done, the client sees a cut socket.
import { createServer, request } from "node:http";

export interface LossyProxy {
  readonly port: number;
  /** Of the next POST, PUT or PATCH. */
  loseNextAnswer(): void;
  lost(): number;
  close(): Promise<void>;
}

export async function startLossyProxy(target: number): Promise<LossyProxy> {
  let armed = false;
  let lost = 0;
  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url = "/", headers } = incoming;
    const isWrite = method !== "GET";
    const loses = armed && isWrite;
    if (loses) armed = false;
    const onward = request({ host: "127.0.0.1", port: target, method, path: url, headers }, (answer) => {
      if (loses) {
        answer.resume();
        answer.once("end", () => {
          lost += 1;
          incoming.socket.destroy();
        });
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.once("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    loseNextAnswer: () => {
      armed = true;
    },
    lost: () => lost,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
