// Closes a dead letter with a reason; its users stay as they are.
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { app } from "@azure/functions";
import { parseLetterDeed } from "../shared/codec/letter-requests.ts";
import { formatProgressView } from "../shared/codec/progress-view.ts";
import { dependencies } from "../shared/compose.ts";
import { dismissDeadLetter } from "../shared/pipeline/dismiss-dead-letter.ts";
import { respond } from "../shared/pipeline/respond.ts";

app.http("dismiss-dead-letter", {
  methods: ["POST"],
  authLevel: "function",
  route: "dismiss-dead-letter",
  handler: dismissLetter,
});

export async function dismissLetter(request: HttpRequest): Promise<HttpResponseInit> {
  return respond(async () => {
    const ask = parseLetterDeed(await request.text());
    return formatProgressView(await dismissDeadLetter(await dependencies(), ask));
  });
}
