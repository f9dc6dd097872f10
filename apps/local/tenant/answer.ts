// Answers as Graph gives them: one shape for the outer response and for a step of a `$batch`.
import * as z from "zod";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `undefined`: no body at all, as with 202 and 204. */
  readonly body: unknown;
}

export function ok(body: unknown): Answer {
  return { status: 200, headers: {}, body };
}

export function created(body: unknown): Answer {
  return { status: 201, headers: {}, body };
}

export function empty(status: 202 | 204): Answer {
  return { status, headers: {}, body: undefined };
}

export function graphError(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, headers, body: { error: { code, message } } };
}

export function notFound(id: string): Answer {
  return graphError(404, "Request_ResourceNotFound", noSuchObject(id));
}

export function noSuchObject(id: string): string {
  return `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`;
}

export function unknownSegment(segment: string): Answer {
  return graphError(404, "ResourceNotFound", `Resource not found for the segment '${segment}'.`);
}

export function badRequest(message: string): Answer {
  return graphError(400, "Request_BadRequest", message);
}

/** Graph tells one thing that is wrong with a body, not all. */
export function firstFault(error: z.ZodError): string {
  return z.prettifyError(error).split("\n")[0] ?? "";
}

export function noSuchProperty(name: string, type: string): Answer {
  return badRequest(`Could not find a property named '${name}' on type 'microsoft.graph.${type}'.`);
}

export function unsupportedQuery(message: string): Answer {
  return graphError(400, "Request_UnsupportedQuery", message);
}

export function denied(): Answer {
  return graphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
}

export function unauthenticated(message: string): Answer {
  return graphError(401, "InvalidAuthenticationToken", message);
}

/** Adds what only the server knows when it sends: ids and the virtual date. */
export function stampError(answer: Answer, requestId: string, clientRequestId: string, date: string): Answer {
  if (answer.status < 400 || !hasError(answer.body)) return answer;
  const innerError = { date, "request-id": requestId, "client-request-id": clientRequestId };
  return { ...answer, body: { error: { ...answer.body.error, innerError } } };
}

function hasError(body: unknown): body is { error: Record<string, unknown> } {
  return typeof body === "object" && body !== null && "error" in body && typeof body.error === "object";
}
