// One Graph client an identity, on the official client with middleware of our own: the stock chain sends no token to a loopback root,
// sleeps on Retry-After and does not look inside `$batch`.
import type { Client as GraphSdkClient, Context, Middleware } from "@microsoft/microsoft-graph-client";
import type { Instant } from "../domain/instant.ts";
import { HTTP_CALL_MS } from "../domain/policy.ts";
import type { Clock } from "../ports/clock.ts";
import { Unavailable } from "../ports/errors.ts";

export interface GraphHooks {
  readonly count: (what: "request" | "write" | "throttled" | "retried") => void;
  readonly record: ((exchange: object) => void) | null;
}

export interface GraphReply {
  readonly status: number;
  /** Parsed JSON, or `null` when the body was none. */
  readonly body: unknown;
  readonly retryAfter: string | null;
  readonly date: string | null;
}

/** Graph's own time of an answer, against which a date in Retry-After is read: our clock may be another one. */
export function answeredAt({ date }: GraphReply, clock: Clock): Instant {
  return Date.parse(date ?? "") || clock.now();
}

export interface GraphClient {
  /** @returns `no-answer` = sent, nothing known; `unreachable` = never left. @throws Unavailable without a token */
  call(method: "GET" | "POST", path: string, body?: unknown): Promise<GraphReply | "no-answer" | "unreachable">;
  /** Path and query of a link of the same origin; another origin is refused. */
  pathOf(link: string): string;
}

const TOKEN_MARGIN_MS = 5 * 60_000;
const NOT_SENT: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

export async function openGraphClient(
  baseUrl: string,
  clientId: string,
  hooks: GraphHooks,
  clock: Clock,
): Promise<GraphClient> {
  const { Client } = await import("@microsoft/microsoft-graph-client");
  const token = await tokenSource(clientId);
  const origin = new URL(baseUrl).origin;
  const build = (slot: Slot): GraphSdkClient =>
    Client.initWithMiddleware({
      baseUrl: `${baseUrl}/`,
      middleware: chain({ origin, token, hooks, clock, slot }),
    });
  return {
    call: async (method, path, body) => {
      // A slot a call: the client's own errors lose headers and causes, so the middleware keeps what it saw.
      const slot: Slot = { reply: null, failure: null };
      // The client cuts the root off https links only: version and path are told apart here.
      const [, version = "v1.0", rest = path] = /^\/(v1\.0|beta)(\/.*)$/.exec(path) ?? [];
      const request = build(slot).api(rest).version(version);
      try {
        await (method === "GET" ? request.get() : request.post(body));
      } catch (error) {
        if (slot.failure === "token") throw new Unavailable("token endpoint", { cause: error });
        if (slot.reply === null && slot.failure === null) throw error;
      }
      if (slot.reply !== null) return slot.reply;
      return slot.failure !== null && NOT_SENT.has(slot.failure) ? "unreachable" : "no-answer";
    },
    pathOf: (link) => {
      const url = new URL(link, baseUrl);
      if (url.origin !== origin) throw new Error(`Graph answered with a link to another origin: ${url.origin}`);
      return url.pathname + url.search;
    },
  };
}

interface TokenSource {
  get(fresh: "cached" | "fresh"): Promise<string>;
}

async function tokenSource(clientId: string): Promise<TokenSource> {
  const { ManagedIdentityCredential } = await import("@azure/identity");
  const credential = new ManagedIdentityCredential({ clientId });
  let cached: { token: string; expiresOnTimestamp: number } | null = null;
  // Calls that meet share one request: the endpoint of an instance takes only so many a second.
  let asking: Promise<string> | null = null;
  const ask = async (): Promise<string> => {
    try {
      cached = await credential.getToken("https://graph.microsoft.com/.default");
      return cached.token;
    } finally {
      asking = null;
    }
  };
  return {
    get: async (fresh) => {
      // Tokens live by the wall clock, whatever the rollout's clock says.
      const isGood = cached !== null && cached.expiresOnTimestamp - Date.now() >= TOKEN_MARGIN_MS;
      if (fresh !== "fresh" && isGood && cached !== null) return cached.token;
      return (asking ??= ask());
    },
  };
}

/** What the middleware saw of one call. */
interface Slot {
  reply: GraphReply | null;
  failure: string | null;
}

interface Link {
  readonly origin: string;
  readonly token: TokenSource;
  readonly hooks: GraphHooks;
  readonly clock: Clock;
  readonly slot: Slot;
}

/** One middleware: headers, token, send, observe. A 401 gets one fresh token and one more try. */
function chain(link: Link): Middleware {
  return {
    execute: async (context: Context) => {
      const request: unknown = context.request;
      if (typeof request !== "string") throw new Error("the Graph client asks by URL only");
      const url = request;
      if (new URL(url).origin !== link.origin) throw new Error("a Graph request would leave for another origin");
      let response = await send(link, url, context, "cached");
      if (response.status === 401) {
        link.hooks.count("retried");
        // What the second try leads to is what counts: its lost answer must not be read as this refusal.
        link.slot.reply = null;
        response = await send(link, url, context, "fresh");
      }
      context.response = response;
    },
    setNext: () => undefined,
  };
}

async function send(link: Link, url: string, context: Context, fresh: "cached" | "fresh"): Promise<Response> {
  const { slot, hooks, clock } = link;
  let token: string;
  try {
    token = await link.token.get(fresh);
  } catch (error) {
    slot.failure = "token";
    throw error;
  }
  const headers = new Headers(context.options?.headers);
  headers.set("Authorization", `Bearer ${token}`);
  headers.set("client-request-id", crypto.randomUUID());
  headers.set("Accept-Language", "en-US");
  const body = (context.options?.body ?? null) as string | null;
  const started = performance.now();
  const at = new Date(clock.now()).toISOString();
  const exchange = {
    method: context.options?.method ?? "GET",
    url,
    requestHeaders: redacted(headers),
    requestBody: parsed(body),
    at,
  };
  hooks.count("request");
  try {
    const answer = await fetch(url, {
      method: exchange.method,
      headers,
      body,
      signal: AbortSignal.timeout(HTTP_CALL_MS),
      redirect: "error",
    });
    const text = await answer.text();
    slot.reply = {
      status: answer.status,
      body: parsed(text),
      retryAfter: answer.headers.get("retry-after"),
      date: answer.headers.get("date"),
    };
    if (answer.status === 429) hooks.count("throttled");
    const ms = Math.round(performance.now() - started);
    hooks.record?.({
      ...exchange,
      status: answer.status,
      responseHeaders: redacted(answer.headers),
      responseBody: parsed(text),
      ms,
    });
    return jsonResponse(answer.status, slot.reply.body);
  } catch (error) {
    slot.failure = causeCode(error);
    const ms = Math.round(performance.now() - started);
    hooks.record?.({ ...exchange, status: 0, responseHeaders: {}, responseBody: null, ms, error: slot.failure });
    throw error;
  }
}

function jsonResponse(status: number, body: unknown): Response {
  const empty = status === 204 || status === 205 || status === 304;
  return new Response(empty ? null : JSON.stringify(body ?? {}), {
    status,
    headers: { "content-type": "application/json" },
  });
}

function parsed(text: string | null): unknown {
  if (text === null || text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null; // HTML, a cut body: nothing is known of what it would have said
  }
}

function redacted(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].map(([name, value]) => [name, name === "authorization" ? "redacted" : value]));
}

function causeCode(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { cause } = error;
  if (typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string")
    return cause.code;
  return error.name;
}
