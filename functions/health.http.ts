// Is the app up? Says nothing else: it is the only thing that anybody may ask.
import type { HttpResponseInit } from "@azure/functions";
import { app } from "@azure/functions";

app.http("health", { methods: ["GET"], authLevel: "anonymous", route: "health", handler: health });

export function health(): HttpResponseInit {
  return { status: 200, headers: { "cache-control": "no-store" }, body: "ok" };
}
