// Errors as Table Storage words them (Microsoft Learn: "Table service error codes"): on their own, or inside the answer to a batch.
import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";

const ERRORS = {
  ServerBusy: { status: 503, reason: "Service Unavailable", text: "The server is busy." },
  EntityAlreadyExists: { status: 409, reason: "Conflict", text: "The specified entity already exists." },
  UpdateConditionNotSatisfied: {
    status: 412,
    reason: "Precondition Failed",
    text: "The update condition specified in the request was not satisfied.",
  },
} as const;
export type TableErrorCode = keyof typeof ERRORS;

const JSON_TYPE = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8";

/** In place of whatever answer had been begun. */
export function refuse(response: ServerResponse, code: TableErrorCode): void {
  clear(response);
  response.writeHead(ERRORS[code].status, { "Content-Type": JSON_TYPE, "x-ms-error-code": code });
  response.end(bodyOf(code, ""));
}

/** A batch that fails is answered 202, and holds the one answer that says why; its text begins with the operation's index. */
export function refuseBatch(response: ServerResponse, code: TableErrorCode): void {
  clear(response);
  const { status, reason } = ERRORS[code];
  const batch = `batchresponse_${randomUUID()}`;
  const changes = `changesetresponse_${randomUUID()}`;
  response.writeHead(202, { "Content-Type": `multipart/mixed; boundary=${batch}` });
  const lines = [
    `--${batch}`,
    `Content-Type: multipart/mixed; boundary=${changes}`,
    "",
    `--${changes}`,
    "Content-Type: application/http",
    "Content-Transfer-Encoding: binary",
    "",
    `HTTP/1.1 ${status} ${reason}`,
    `Content-Type: ${JSON_TYPE}`,
    "",
    bodyOf(code, "0:"),
    `--${changes}--`,
    `--${batch}--`,
    "",
  ];
  response.end(lines.join("\r\n"));
}

function bodyOf(code: TableErrorCode, prefix: string): string {
  const value = `${prefix}${ERRORS[code].text}\nRequestId:${randomUUID()}`;
  return JSON.stringify({ "odata.error": { code, message: { lang: "en-US", value } } });
}

function clear(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
}
