// HTTP around the simulation: reads a request, lets latency pass, runs it, stores what it changed, answers. Loopback only.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import { graphError, stampError, unknownSegment } from "./answer.ts";
import type { BatchStep } from "./batch.ts";
import { parseBatch, runBatch } from "./batch.ts";
import { normal } from "../chance.ts";
import type { Drawn, EnvelopeFault } from "./faults.ts";
import type { Places } from "./mail-places.ts";
import { takePlaces } from "./mail-places.ts";
import { losePermission } from "./people-faults.ts";
import type { Version } from "./operation.ts";
import type { Simulation } from "./simulation.ts";
import { openDoor } from "./simulator-door.ts";
import { runStep } from "./step.ts";
import type { Caller, Tokens } from "./tokens.ts";
import { isCaller, sameSecret } from "./tokens.ts";

// Graph takes 4 MB a request (Microsoft Learn: Graph use guidelines); a batch of 20 mails stays far below.
const BODY_BYTES_MAX = 4 * 1024 * 1024;
// A name that a browser could be tricked into resolving to us is refused (DNS rebinding).
const OUR_HOSTS = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/u;

const UNREADABLE = graphError(400, "BadRequest", "Unable to read JSON request payload.");

/** `null`: no answer at all, the socket is destroyed. */
interface Outcome {
  readonly answer: Answer | null;
  readonly reset: boolean;
}

export function createTenantServer(tenant: Simulation, tokens: Tokens): Server {
  const server = createServer((request, response) => {
    // The date a client sees is virtual, as everything else that Retry-After dates are compared with.
    response.sendDate = false;
    handle(tenant, tokens, request, response).catch((error: unknown) => {
      if (error === tenant.brokenBy) {
        // What cannot be stored must not be answered; whoever runs this tenant ends it, and says why.
        response.destroy();
        return;
      }
      // A bug of the simulator: the client gets a 500 that names itself, the text goes to stderr.
      process.stderr.write(`tenant: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      if (!response.headersSent) response.writeHead(500).end("simulator fault, see its stderr");
      else response.destroy();
    });
  });
  // Clients keep connections for a while; a jump of virtual time must not meet a socket that is just closing.
  server.keepAliveTimeout = 60_000;
  return server;
}

/** One exchange: what every handler needs to read and to answer. */
interface Exchange {
  readonly tenant: Simulation;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: string;
  readonly raw: Buffer;
}

async function handle(
  tenant: Simulation,
  tokens: Tokens,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = request.url ?? "/";
  const raw = await readBody(request);
  const exchange = { tenant, request, response, url, raw: raw ?? Buffer.alloc(0) };
  const [, first = ""] = url.split(/[/?]/u);
  if (!OUR_HOSTS.test(request.headers.host ?? "")) send(exchange, plain(421, "unknown host"));
  else if (raw === null) send(exchange, graphError(413, "RequestEntityTooLarge", "Body too large."));
  else if (first === "simulator") await handleDoor(exchange);
  else if (first === "msi") handleIdentity(exchange, tokens);
  else if (first === "v1.0" || first === "beta") await handleGraph(exchange, tokens, first);
  else send(exchange, unknownSegment(first));
}

function handleIdentity(exchange: Exchange, tokens: Tokens): void {
  const header = exchange.request.headers["x-identity-header"];
  exchange.tenant.counters.tokens++;
  const query = new URL(exchange.url, "http://tenant").searchParams;
  send(exchange, tokens.issue(typeof header === "string" ? header : undefined, query));
}

async function handleGraph(exchange: Exchange, tokens: Tokens, version: Version): Promise<void> {
  const { tenant, request, response, url, raw } = exchange;
  tenant.counters.requests++;
  const caller = tokens.check(request.headers.authorization);
  const call = { method: request.method ?? "GET", version, url: url.slice(version.length + 1), raw };
  const origin = `http://${request.headers.host ?? ""}`;
  const eventual = request.headers["consistencylevel"] === "eventual";
  const outcome = isCaller(caller)
    ? await graph(tenant, { ...call, caller, origin, eventual })
    : { answer: caller, reset: false };
  // On the disk before the answer leaves: what a client was told, or was shown of others' work, survives the end of the machine.
  await tenant.settled();
  const { answer } = outcome;
  if (answer === null) {
    request.socket.destroy();
    return;
  }
  if (answer.status === 429) tenant.counters.throttled++;
  if (answer.status >= 500) tenant.counters.serverErrors++;
  if (outcome.reset) resetInMidBody(request, response, answer);
  else send(exchange, answer);
}

interface GraphCall {
  readonly method: string;
  readonly version: Version;
  readonly url: string;
  readonly raw: Buffer;
  readonly caller: Caller;
  readonly origin: string;
  readonly eventual: boolean;
}

async function graph(tenant: Simulation, call: GraphCall): Promise<Outcome> {
  const body = parseJson(call.raw);
  const batch = isBatch(call) ? parseBatch(body) : null;
  const refusal = body instanceof SyntaxError ? UNREADABLE : batch !== null && "status" in batch ? batch : null;
  if (refusal !== null) {
    tenant.refused(`${call.method} ${call.url}`, refusal.status, JSON.stringify(refusal.body));
    return { answer: refusal, reset: false };
  }
  const steps = batch === null || "status" in batch ? null : batch;
  const content = `${call.method} ${call.version}${call.url} ${call.raw.toString("latin1")}`;
  const places = takePlaces(tenant, steps ?? [call]);
  try {
    await latency(tenant, content);
    return commit(tenant, { call, body, steps }, content, places);
  } finally {
    places.release();
  }
}

interface Work {
  readonly call: GraphCall;
  readonly body: unknown;
  /** `null`: a single call. */
  readonly steps: readonly BatchStep[] | null;
}

function commit(tenant: Simulation, { call, body, steps }: Work, content: string, places: Places): Outcome {
  tenant.settle();
  const fault = tenant.faults.drawEnvelope(content);
  const before = fault === null ? null : undone(tenant, fault);
  if (before !== null) return { answer: before, reset: false };
  const { version, caller, origin, method, url, eventual } = call;
  losePermission(tenant, caller, content, tenant.clock.now());
  const envelope = { version, caller, origin, now: tenant.clock.now() };
  const answer =
    steps === null
      ? runStep(tenant, { ...envelope, method, url, body, eventual }, places, false).answer
      : runBatch(tenant, steps, envelope, places);
  if (fault?.name === "timeout-after-commit") return { answer: tenant.faults.timeout(), reset: false };
  return { answer, reset: fault?.name === "reset" };
}

function isBatch({ method, url }: GraphCall): boolean {
  return method === "POST" && /^\/(\$|%24)batch\/?(\?|$)/iu.test(url);
}

/** The answer of a fault that leaves the work undone. */
function undone(tenant: Simulation, fault: Drawn<EnvelopeFault>): Answer | null {
  switch (fault.name) {
    case "throttle-envelope":
      return tenant.faults.throttled(fault, tenant.clock.now());
    case "envelope-error":
      return tenant.faults.html(503);
    case "html-200":
      return tenant.faults.html(200);
    case "reset":
    case "timeout-after-commit":
      return null;
  }
}

/** Log-normal, in wall time: what a client waits for is real, what it waits until is not. */
async function latency(tenant: Simulation, content: string): Promise<void> {
  const { latencyMs, seed } = tenant.options;
  if (latencyMs === 0) return;
  const draw = normal(seed, `latency/${tenant.counters.requests}/${content.length}`);
  await wait(latencyMs.median * Math.exp(latencyMs.sigma * draw));
}

async function handleDoor(exchange: Exchange): Promise<void> {
  const { tenant, request, response, raw } = exchange;
  const given = /^Bearer (.+)$/iu.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const url = new URL(exchange.url, "http://tenant");
  const body = parseJson(raw);
  if (!sameSecret(given, tenant.options.adminToken)) {
    send(exchange, plain(401, "the simulator's door needs its admin token"));
    return;
  }
  if (body instanceof SyntaxError) {
    send(exchange, plain(400, "the body is no JSON"));
    return;
  }
  const path = url.pathname.split("/").slice(2).map(decodeURIComponent);
  const result = openDoor(tenant, { method: request.method ?? "GET", path, query: url.searchParams, body });
  await tenant.settled();
  if (result.kind === "answer") {
    send(exchange, result.answer);
    return;
  }
  response.writeHead(200, { "Content-Type": "application/x-ndjson" });
  await pipeline(Readable.from(inChunks(result.lines)), response);
}

/** Lines of one user are small: a chunk for each would cost more than the lines. */
function* inChunks(lines: Iterable<string>): Generator<string> {
  let chunk = "";
  for (const line of lines) {
    chunk += line;
    if (chunk.length < 64 * 1024) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

function send({ tenant, request, response }: Exchange, answer: Answer): void {
  const requestId = tenant.nextRequestId();
  const asked = request.headers["client-request-id"];
  const clientRequestId = typeof asked === "string" ? asked : requestId;
  const date = new Date(tenant.clock.now());
  const stamped = stampError(answer, requestId, clientRequestId, date.toISOString().slice(0, 19));
  const { text, type } = encodeBody(stamped.body);
  response.writeHead(stamped.status, {
    Date: date.toUTCString(),
    "request-id": requestId,
    "client-request-id": clientRequestId,
    ...(type === null ? {} : { "Content-Type": type }),
    ...stamped.headers,
    ...(stamped.status === 204 ? {} : { "Content-Length": String(Buffer.byteLength(text)) }),
  });
  response.end(text);
}

function resetInMidBody(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { text } = encodeBody(answer.body);
  const whole = text === "" ? "{}" : text;
  response.writeHead(answer.status === 204 ? 200 : answer.status, {
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(whole)),
  });
  // The half is with the kernel before the reset, else the client would see no answer at all.
  response.write(whole.slice(0, Math.ceil(whole.length / 2)), () => {
    request.socket.resetAndDestroy();
  });
}

function encodeBody(body: unknown): { text: string; type: string | null } {
  if (body === undefined) return { text: "", type: null };
  if (typeof body === "string") return { text: body, type: "text/html" };
  return { text: JSON.stringify(body), type: "application/json" };
}

function parseJson(raw: Buffer): unknown {
  if (raw.length === 0) return undefined;
  try {
    const value: unknown = JSON.parse(raw.toString("utf8"));
    return value;
  } catch (error) {
    if (error instanceof SyntaxError) return error; // a value: the callers answer 400
    throw error;
  }
}

/** `null`: too large. The rest is read and dropped, so that the client can read the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size <= BODY_BYTES_MAX) chunks.push(bytes);
  }
  return size > BODY_BYTES_MAX ? null : Buffer.concat(chunks);
}

function plain(status: number, message: string): Answer {
  return { status, headers: {}, body: { error: { code: "simulator", message } } };
}
