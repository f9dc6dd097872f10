// Gives the users that failed by a dead letter back to their step.
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { app } from "@azure/functions";
import { parseLetterDeed } from "../shared/codec/letter-requests.ts";
import { formatProgressView } from "../shared/codec/progress-view.ts";
import { dependencies } from "../shared/compose.ts";
import { replayDeadLetter } from "../shared/pipeline/replay-dead-letter.ts";
import { respond } from "../shared/pipeline/respond.ts";

app.http("replay-dead-letter", {
  methods: ["POST"],
  authLevel: "function",
  route: "replay-dead-letter",
  handler: replayLetter,
});

export async function replayLetter(request: HttpRequest): Promise<HttpResponseInit> {
  return respond(async () => {
    const ask = parseLetterDeed(await request.text());
    return formatProgressView(await replayDeadLetter(await dependencies(), ask));
  });
}
