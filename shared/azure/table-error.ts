// One normaliser for what the table SDK throws: somebody else was first, the service is down, or a bug. A single request and a
// transaction keep the code in different places.
import { Conflict, Unavailable } from "../ports/errors.ts";

interface SdkError {
  readonly name: string;
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly odataError?: { readonly code?: unknown } };
}

/** Without a status nothing was answered: no connection, no time left, no token. */
const UNANSWERED: ReadonlySet<string> = new Set([
  "RestError",
  "AbortError",
  "TimeoutError",
  "CredentialUnavailableError",
  "AuthenticationError",
  "AuthenticationRequiredError",
]);
/** A missing table or permission is mended outside: until then the service does not do its work. */
const DOWN: ReadonlySet<number> = new Set([401, 403, 404, 408, 429]);

export function isMissing(error: unknown): boolean {
  return error instanceof Error && statusOf(error) === 404 && codeOf(error) === "ResourceNotFound";
}

export function tableError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const status = statusOf(error);
  // To replace a row that is gone is to meet somebody else's change as well.
  if (status === 409 || status === 412 || isMissing(error)) return new Conflict(`${status} ${codeOf(error)}`);
  const isDown = status === null ? UNANSWERED.has(error.name) : DOWN.has(status) || status >= 500;
  return isDown ? new Unavailable("table storage", { cause: error }) : error;
}

function statusOf(error: SdkError): number | null {
  return typeof error.statusCode === "number" ? error.statusCode : null;
}

function codeOf({ code, details }: SdkError): string {
  const known = details?.odataError?.code ?? code;
  return typeof known === "string" ? known : "";
}
