// HTTP as it travels between host and worker: the request as TypedData.http, the response as RpcHttp (Azure's
// azure-functions-language-worker-protobuf). Parsed with zod on the way back, because it was made by a library.
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { InvocationResponse, TypedData } from "./core.ts";

/** Azure's limit for a request body. */
const BODY_BYTES_MAX = 100 * 1024 * 1024;

/** Null when the body is larger than Azure takes. What is left of it is not read. */
export async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = z.instanceof(Buffer).parse(chunk);
    size += bytes.length;
    if (size > BODY_BYTES_MAX) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

export function toHttpData(
  request: IncomingMessage,
  url: URL,
  params: Readonly<Record<string, string>>,
  body: Buffer,
): TypedData {
  const headers: Record<string, { value: string }> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = { value: Array.isArray(value) ? value.join(", ") : value };
  }
  const query: Record<string, { value: string }> = {};
  for (const name of url.searchParams.keys()) query[name] = { value: url.searchParams.getAll(name).join(",") };
  return {
    http: {
      method: request.method ?? "GET",
      url: url.href,
      nullableHeaders: headers,
      nullableParams: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, { value }])),
      nullableQuery: query,
      ...(body.length === 0 ? {} : { body: { bytes: body } }),
    },
  };
}

const nullable = <T extends z.ZodType>(type: T) => z.object({ value: type }).nullish();
const cookie = z.object({
  name: z.string(),
  value: z.string(),
  domain: nullable(z.string()),
  path: nullable(z.string()),
  expires: nullable(z.unknown()),
  secure: nullable(z.boolean()),
  httpOnly: nullable(z.boolean()),
  sameSite: z.string().nullish(),
  maxAge: nullable(z.number()),
});
type RpcCookie = z.infer<typeof cookie>;

const rpcHttp = z.object({
  statusCode: z.coerce.number().int().min(200).max(599),
  headers: z.record(z.string(), z.string()).default({}),
  cookies: z.array(cookie).default([]),
  body: z.object({ bytes: z.instanceof(Uint8Array).optional(), string: z.string().optional() }).nullish(),
});

const WITHOUT_BODY = new Set([204, 205, 304]);

export function writeResponse(response: ServerResponse, { returnValue }: InvocationResponse, isHead: boolean): void {
  if (returnValue === null || returnValue === undefined) {
    response.writeHead(204).end(); // the handler returned nothing
    return;
  }
  const { statusCode, headers, cookies, body } = rpcHttp.parse(returnValue.http);
  response.statusCode = statusCode;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const ownCookies = response.getHeader("set-cookie");
  const all = [...(ownCookies === undefined ? [] : [String(ownCookies)]), ...cookies.map(formatCookie)];
  if (all.length > 0) response.setHeader("set-cookie", all);
  const bytes = Buffer.from(body?.bytes ?? body?.string ?? "");
  if (WITHOUT_BODY.has(statusCode)) {
    response.removeHeader("content-type");
    response.end();
    return;
  }
  response.setHeader("content-length", bytes.length);
  response.end(isHead ? undefined : bytes);
}

function formatCookie({ name, value, domain, path, expires, secure, httpOnly, sameSite, maxAge }: RpcCookie): string {
  const until = expires?.value;
  return [
    `${name}=${encodeURIComponent(value)}`,
    ...(maxAge == null ? [] : [`Max-Age=${String(maxAge.value)}`]),
    ...(domain == null ? [] : [`Domain=${domain.value}`]),
    ...(path == null ? [] : [`Path=${path.value}`]),
    ...(until instanceof Date ? [`Expires=${until.toUTCString()}`] : []),
    ...(httpOnly?.value === true ? ["HttpOnly"] : []),
    ...(secure?.value === true ? ["Secure"] : []),
    ...formatSameSite(sameSite),
  ].join("; ");
}

/** The wire's `none` means "not given"; a cookie with SameSite=None says `explicitNone`. */
function formatSameSite(sameSite: string | null | undefined): string[] {
  switch (sameSite) {
    case "lax":
      return ["SameSite=Lax"];
    case "strict":
      return ["SameSite=Strict"];
    case "explicitNone":
      return ["SameSite=None"];
    default:
      return [];
  }
}
