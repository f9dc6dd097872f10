// The page: static, without data; it asks `progress` with the key that it was opened with.
import type { HttpResponseInit } from "@azure/functions";
import { app } from "@azure/functions";
import { readPage } from "../shared/compose.ts";

app.http("dashboard", { methods: ["GET"], authLevel: "function", route: "dashboard", handler: dashboard });

export async function dashboard(): Promise<HttpResponseInit> {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "content-security-policy": "frame-ancestors 'none'",
  };
  return { body: await readPage(), headers };
}
