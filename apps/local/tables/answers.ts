// Around the table server's answers: each waits until what it tells is durable, and some meet a fault instead.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { TableErrorCode } from "./table-errors.ts";
import { refuse, refuseBatch } from "./table-errors.ts";
import type { Drawn, TableFaults } from "./table-faults.ts";

export interface Guard {
  /** Null: everything is durable already. */
  readonly barrier: () => Promise<void> | null;
  readonly faults: TableFaults | null;
  readonly onBroken: (error: Error) => void;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly guard: Guard;
}

/** Takes the place of the listeners that the server has, and asks them. */
export function guardAnswers(server: Server, guard: Guard): void {
  const inner = server.listeners("request");
  server.removeAllListeners("request");
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const exchange = { request, response, guard };
    const fault = guard.faults?.draw(request) ?? null;
    if (fault !== null && !fault.isDone) {
      refuseUndone(exchange, fault);
      return;
    }
    holdBack(response, (body, release) => answer(exchange, fault, body, release));
    for (const listener of inner) listener.call(server, request, response);
  });
}

function refuseUndone({ request, response, guard }: Exchange, { name }: Drawn): void {
  guard.faults?.count(name);
  if (name === "table-outage") {
    request.socket.destroy();
    return;
  }
  request.resume();
  refuse(response, name === "table-busy" ? "ServerBusy" : "UpdateConditionNotSatisfied");
}

/**
 * Collects the body; the head leaves with it, at the end. An answer of the table server is never longer than a page of rows.
 * Azurite ends an answer that it pipes a second time: only the first end counts.
 */
function holdBack(response: ServerResponse, finish: (body: Buffer, release: () => void) => Promise<void>): void {
  const parts: Buffer[] = [];
  let isEnded = false;
  const keep = (part: unknown): void => {
    if (Buffer.isBuffer(part)) parts.push(part);
    else if (typeof part === "string") parts.push(Buffer.from(part));
  };
  response.write = (part: unknown): boolean => {
    keep(part);
    return true;
  };
  response.end = (part?: unknown): ServerResponse => {
    if (isEnded) return response;
    isEnded = true;
    keep(part);
    void finish(Buffer.concat(parts), () => {
      // What is left is the response's own.
      Reflect.deleteProperty(response, "write");
      Reflect.deleteProperty(response, "end");
    });
    return response;
  };
}

async function answer(exchange: Exchange, fault: Drawn | null, body: Buffer, release: () => void): Promise<void> {
  const { request, response, guard } = exchange;
  try {
    const barrier = guard.barrier();
    if (barrier !== null) await barrier;
  } catch (error) {
    // What is not on the disk is not acknowledged; the client sees a connection that broke.
    request.socket.destroy();
    guard.onBroken(error instanceof Error ? error : new Error(String(error)));
    return;
  }
  release();
  if (fault !== null && wasHit(exchange, fault, body)) return;
  if (body.length > 0) response.end(body);
  else response.end();
}

/** Whether the fault took the answer's place: a read, or a write that was refused anyway, is answered as it is. */
function wasHit({ request, response, guard }: Exchange, { name }: Drawn, body: Buffer): boolean {
  const isBatch = /\/\$batch(\?|$)/u.test(request.url ?? "");
  const text = isBatch ? body.toString("latin1") : "";
  if (response.statusCode >= 400 || /^HTTP\/1\.1 [45]/mu.test(text)) return false;
  if (name === "table-lost-answer") request.socket.destroy();
  else {
    // As a client that tries again after a lost answer would see its own write.
    const code = secondTryOf(request, text);
    if (code !== (name === "table-exists" ? "EntityAlreadyExists" : "UpdateConditionNotSatisfied")) return false;
    if (isBatch) refuseBatch(response, code);
    else refuse(response, code);
  }
  guard.faults?.count(name);
  return true;
}

/** What a write that is made once more is answered; null for one that can be made as often as one likes. */
function secondTryOf({ method, url = "", headers }: IncomingMessage, batch: string): TableErrorCode | null {
  if (batch !== "") return /^Location:/imu.test(batch) ? "EntityAlreadyExists" : "UpdateConditionNotSatisfied";
  // A POST to `Tables` makes a table, which is asked for only once.
  if (method === "POST") return /\/Tables(\(|\?|$)/u.test(url) ? null : "EntityAlreadyExists";
  return headers["if-match"] === undefined ? null : "UpdateConditionNotSatisfied";
}
