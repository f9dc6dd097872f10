// The rollouts' progress as JSON, for whoever has a key.
import type { HttpResponseInit } from "@azure/functions";
import { app } from "@azure/functions";
import { formatProgressView } from "../shared/codec/progress-view.ts";
import { dependencies } from "../shared/compose.ts";
import { readProgress } from "../shared/pipeline/read-progress.ts";

app.http("progress", { methods: ["GET"], authLevel: "function", route: "progress", handler: progress });

export async function progress(): Promise<HttpResponseInit> {
  const view = await readProgress(await dependencies());
  return { jsonBody: formatProgressView(view), headers: { "cache-control": "no-store" } };
}
