// POST roll-back: users, a wave, or everybody of a rollout go back to the MFA state from before it.
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import { app } from "@azure/functions";
import { formatFaults, parseRollBackOrder } from "../shared/codec/roll-back-order.ts";
import { dependencies } from "../shared/compose.ts";
import { UserFault } from "../shared/domain/fault.ts";
import { rollBack } from "../shared/pipeline/roll-back.ts";
import { Conflict, Unavailable } from "../shared/ports/errors.ts";

app.http("roll-back", { methods: ["POST"], authLevel: "function", route: "roll-back", handler: rollBackUsers });

const headers = { "cache-control": "no-store" };

export async function rollBackUsers(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  const parsed = parseRollBackOrder(await bodyOf(request));
  if (parsed.kind === "refused") return { status: 400, jsonBody: formatFaults(parsed.faults), headers };
  const deps = await dependencies();
  try {
    const result = await rollBack(deps, parsed.order);
    deps.log.info("roll back", { invocationId: context.invocationId, rollout: parsed.order.rollout });
    // 202: not everybody is marked yet. The same order again with `next` as its `from` goes on there.
    return { status: result.next === null ? 200 : 202, jsonBody: result, headers };
  } catch (error) {
    if (error instanceof UserFault) return { status: 404, jsonBody: formatFaults(error.faults), headers };
    if (!(error instanceof Unavailable || error instanceof Conflict)) throw error;
    // Whoever is marked stays marked: the same order again goes on.
    return { status: 503, headers: { ...headers, "retry-after": "5" } };
  }
}

/** What is no JSON has no body, and is refused as such. */
async function bodyOf(request: HttpRequest): Promise<unknown> {
  const text = await request.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
