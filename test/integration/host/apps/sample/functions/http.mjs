import { app } from "@azure/functions";
import { record, sleep } from "../record.mjs";

const echo = async (request, context) => ({
  jsonBody: {
    method: request.method,
    params: request.params,
    query: Object.fromEntries(request.query),
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
    function: context.functionName,
    triggerMetadata: context.triggerMetadata ?? null,
    traceContext: context.traceContext,
  },
});

app.http("echo", { authLevel: "anonymous", methods: ["GET", "POST"], route: "echo/{id:int}/{more?}", handler: echo });
app.http("files", { authLevel: "anonymous", methods: ["GET"], route: "files/{*path}", handler: echo });
app.http("guid", { authLevel: "anonymous", methods: ["GET"], route: "guid/{id:guid}", handler: echo });
app.http("a-first", { authLevel: "anonymous", methods: ["PUT"], route: "shared/{name}", handler: echo });
app.http("b-second", { authLevel: "anonymous", methods: ["PUT"], route: "shared/fixed", handler: echo });
app.http("guarded", { authLevel: "function", methods: ["GET"], handler: () => ({ body: "open" }) });
app.http("admins", { authLevel: "admin", methods: ["GET"], handler: () => ({ body: "open" }) });
app.http("nothing", { authLevel: "anonymous", methods: ["GET"], handler: () => undefined });
app.http("text", { authLevel: "anonymous", methods: ["GET"], handler: () => "no object" });
app.http("throws", {
  authLevel: "anonymous",
  methods: ["GET"],
  handler: () => {
    throw new Error("the secret reason");
  },
});
app.http("switched-off", { authLevel: "anonymous", methods: ["GET"], handler: () => ({ body: "on" }) });
app.http("empty", {
  authLevel: "anonymous",
  methods: ["GET"],
  handler: () => ({ status: 304, jsonBody: { dropped: true } }),
});
app.http("headed", { authLevel: "anonymous", methods: ["GET", "HEAD"], handler: () => ({ body: "four" }) });
app.http("cookies", {
  authLevel: "anonymous",
  methods: ["GET"],
  handler: () => ({
    headers: { "x-many": "one, two" },
    cookies: [
      { name: "a", value: "1", httpOnly: true, sameSite: "Strict" },
      { name: "b", value: "2", maxAge: 5 },
    ],
    body: "baked",
  }),
});
app.http("slow", {
  authLevel: "anonymous",
  methods: ["POST"],
  handler: async (request) => {
    record("slow");
    await sleep(Number(request.query.get("ms")));
    record("slow ended");
    return { body: "done" };
  },
});
