// The HTTP trigger: routes from the bindings, keys, and the checks that a server on a developer's machine needs (a page of
// another origin may not talk to it, and a name that resolves to 127.0.0.1 is not us).
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { Gate } from "./gate.ts";
import { readBody, toHttpData, writeResponse } from "./http-data.ts";
import { describe } from "./invocation.ts";
import type { Invoker } from "./invocation.ts";
import type { Log } from "./log.ts";
import { matchRoute, overlaps } from "./routes.ts";
import type { AppFunction, HttpTrigger } from "./triggers.ts";

export interface Keys {
  /** Opens routes of authLevel function. */
  readonly host: string;
  /** Opens those of authLevel admin too, and the host's own endpoints. */
  readonly master: string;
}

export interface HttpFunction {
  readonly target: AppFunction;
  readonly trigger: HttpTrigger;
}

export interface HttpServerOptions {
  readonly port: number;
  readonly functions: readonly HttpFunction[];
  readonly keys: Keys;
  readonly gate: Gate;
  readonly invoker: Invoker;
  readonly log: Log;
  /** Every listener of this host runs. */
  readonly isReady: () => boolean;
  /** Runs a timer or queue function by hand; false when there is none of that name. */
  readonly runByHand: (name: string, input: string) => boolean;
}

export interface HttpServer {
  readonly port: number;
  /** Accepts nothing more; resolves when every answer is written. */
  close(): Promise<void>;
}

/** As in Azure: the order of the names without case, the first match wins. */
function inOrder(functions: readonly HttpFunction[]): readonly HttpFunction[] {
  const key = ({ target }: HttpFunction): string => target.name.toLowerCase();
  return [...functions].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function findOverlaps(functions: readonly HttpFunction[]): string[] {
  const ordered = inOrder(functions);
  return ordered.flatMap((first, at) =>
    ordered
      .slice(at + 1)
      .filter(({ trigger }) => trigger.methods.some((method) => first.trigger.methods.includes(method)))
      .filter(({ trigger }) => overlaps(first.trigger.template, trigger.template))
      .map(
        ({ target, trigger }) =>
          `route ${first.trigger.template.text} of ${first.target.name} hides ${trigger.template.text} of ${target.name} ` +
          `where both match: the first name wins`,
      ),
  );
}

export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const functions = inOrder(options.functions);
  const server = createServer((request, response) => {
    answer(request, response, { ...options, functions, port: portOf(server) }).catch((error: unknown) => {
      options.log({ level: "error", category: "Host.Http", message: describe(error) });
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await listen(server, options.port);
  return {
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const what =
        error.code === "EADDRINUSE" ? "is in use by another program." : `cannot be opened: ${error.message}.`;
      const at = { where: `port ${String(port)}` };
      reject(new UserFault([{ what, fix: "Choose another with --port, or --port 0 for a free one.", at }]));
    });
    server.listen(port, "127.0.0.1", () => resolve());
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function answer(request: IncomingMessage, response: ServerResponse, options: HttpServerOptions): Promise<void> {
  if (!isOurs(request, options.port)) return void response.writeHead(403).end();
  const url = new URL(request.url ?? "/", `http://127.0.0.1:${String(options.port)}`);
  if (url.pathname.toLowerCase().startsWith("/admin/")) return answerAdmin(request, response, url, options);
  const method = request.method ?? "GET";
  for (const { target, trigger } of options.functions) {
    if (!trigger.methods.includes(method)) continue;
    const params = matchRoute(trigger.template, url.pathname);
    if (params === null) continue;
    if (!isAllowed(request, url, trigger.authLevel, options.keys)) return void response.writeHead(401).end();
    const body = await readBody(request);
    if (body === null) return void response.writeHead(413, { connection: "close" }).end();
    return options.gate.pass("counted", () => run(target, { request, response }, options, { url, params, body }));
  }
  response.writeHead(404).end(); // a wrong method is 404 too: in Azure the method is part of the route
}

async function run(
  target: AppFunction,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { invoker, log }: HttpServerOptions,
  { url, params, body }: { url: URL; params: Record<string, string>; body: Buffer },
): Promise<void> {
  const traceParent = request.headers["traceparent"];
  const outcome = await invoker.invoke(target, {
    input: toHttpData(request, url, params, body),
    ...(typeof traceParent === "string" ? { traceParent } : {}),
  });
  if (outcome.kind === "failed") return void response.writeHead(500).end(); // details only in the log
  try {
    writeResponse(response, outcome.response, request.method === "HEAD");
  } catch (error) {
    log({ level: "error", category: `Function.${target.name}`, function: target.name, message: describe(error) });
    response.writeHead(500).end();
  }
}

/** Status is open and says nothing but whether; running a function by hand needs the master key. */
async function answerAdmin(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  options: HttpServerOptions,
): Promise<void> {
  const path = url.pathname.toLowerCase();
  if (path === "/admin/host/status" && request.method === "GET") {
    const isReady = options.isReady();
    response.writeHead(isReady ? 200 : 503, { "content-type": "application/json" });
    return void response.end(JSON.stringify({ state: isReady ? "Running" : "Starting" }));
  }
  const name = /^\/admin\/functions\/([^/]+)$/i.exec(url.pathname)?.[1];
  if (name === undefined || request.method !== "POST") return void response.writeHead(404).end();
  if (!isAllowed(request, url, "admin", options.keys)) return void response.writeHead(401).end();
  const body = await readBody(request);
  const found = body !== null && options.runByHand(name, inputOf(body.toString("utf8")));
  response.writeHead(found ? 202 : 404).end();
}

function inputOf(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    const hasInput = typeof parsed === "object" && parsed !== null && "input" in parsed;
    return hasInput && typeof parsed.input === "string" ? parsed.input : "";
  } catch {
    return ""; // core tools take a missing or broken body as an empty input
  }
}

function isOurs({ headers }: IncomingMessage, port: number): boolean {
  const ours = [`127.0.0.1:${String(port)}`, `localhost:${String(port)}`];
  if (headers.host === undefined || !ours.includes(headers.host.toLowerCase())) return false;
  return headers.origin === undefined || ours.some((host) => headers.origin === `http://${host}`);
}

function isAllowed(request: IncomingMessage, url: URL, level: HttpTrigger["authLevel"], keys: Keys): boolean {
  if (level === "anonymous") return true;
  const header = request.headers["x-functions-key"];
  const given = typeof header === "string" ? header : (url.searchParams.get("code") ?? "");
  return isSame(given, keys.master) || (level === "function" && isSame(given, keys.host));
}

/** Compares in constant time, whatever the lengths. An empty key opens nothing. */
function isSame(given: string, key: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return key !== "" && timingSafeEqual(digest(given), digest(key));
}
