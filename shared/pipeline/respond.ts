// From what a use case answers or throws to an HTTP answer: a person's fault is 4xx with what and how to mend it, a service that is down
// 503, and a bug stays a bug: the host logs it and answers 500.
import { UserFault } from "../domain/fault.ts";
import { Refusal } from "../domain/refusal.ts";
import { Conflict, Unavailable } from "../ports/errors.ts";

export interface JsonAnswer {
  readonly status: number;
  readonly jsonBody: unknown;
  readonly headers: Record<string, string>;
}

export async function respond(work: () => Promise<unknown>): Promise<JsonAnswer> {
  try {
    return answer(200, await work());
  } catch (error) {
    if (error instanceof UserFault) return answer(statusOf(error), faultBody(error));
    if (error instanceof Conflict)
      return answer(409, { error: { what: "Somebody else changed it at the same moment.", fix: "Ask again." } });
    if (!(error instanceof Unavailable)) throw error;
    return answer(503, { error: { what: `${error.service} cannot be reached.`, fix: "Ask again in a minute." } });
  }
}

function answer(status: number, jsonBody: unknown): JsonAnswer {
  return { status, jsonBody, headers: { "cache-control": "no-store" } };
}

function statusOf(fault: UserFault): number {
  if (!(fault instanceof Refusal)) return 400;
  return fault.kind === "not-found" ? 404 : 409;
}

function faultBody({ faults }: UserFault): object {
  const what = faults.map((fault) => fault.what).join(" ");
  return { error: { what, fix: faults[0]?.fix ?? "" } };
}
