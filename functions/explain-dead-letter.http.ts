// One dead letter: what it was, why it was given up, whom it concerned, how they stand now, what to do.
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { app } from "@azure/functions";
import { parseLetterPlace } from "../shared/codec/letter-requests.ts";
import { formatProgressView } from "../shared/codec/progress-view.ts";
import { dependencies } from "../shared/compose.ts";
import { explainDeadLetter } from "../shared/pipeline/read-dead-letters.ts";
import { respond } from "../shared/pipeline/respond.ts";

app.http("explain-dead-letter", {
  methods: ["GET"],
  authLevel: "function",
  route: "explain-dead-letter",
  handler: explainLetter,
});

export async function explainLetter(request: HttpRequest): Promise<HttpResponseInit> {
  return respond(async () => {
    const ask = parseLetterPlace(request.query);
    return formatProgressView(await explainDeadLetter(await dependencies(), ask));
  });
}
