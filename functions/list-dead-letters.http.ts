// The dead letters of all rollouts, or of one, with what was done about each.
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { app } from "@azure/functions";
import { parseLetterList } from "../shared/codec/letter-requests.ts";
import { formatProgressView } from "../shared/codec/progress-view.ts";
import { dependencies } from "../shared/compose.ts";
import { listDeadLetters } from "../shared/pipeline/read-dead-letters.ts";
import { respond } from "../shared/pipeline/respond.ts";

app.http("list-dead-letters", { methods: ["GET"], authLevel: "function", route: "dead-letters", handler: listLetters });

export async function listLetters(request: HttpRequest): Promise<HttpResponseInit> {
  return respond(async () => {
    const ask = parseLetterList(request.query);
    return formatProgressView(await listDeadLetters(await dependencies(), ask));
  });
}
