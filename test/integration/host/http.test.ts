// The HTTP trigger of the host: docs/EMBEDDED.md lists the numbers.
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildChildren } from "../supervisor/built-children.ts";
import type { BuiltChildren } from "../supervisor/built-children.ts";
import { KEYS, openStage, startHostUnderTest } from "./host-under-test.ts";
import type { HostUnderTest, Stage } from "./host-under-test.ts";

const newTrace: unknown = expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);

let children: BuiltChildren;
let stage: Stage;
let host: HostUnderTest;

beforeAll(async () => {
  children = await buildChildren();
  stage = await openStage();
  host = await startHostUnderTest(stage, { entry: children.host });
});
afterAll(async () => {
  await host.child.close(3_000);
  await stage.close();
  children.remove();
});

const json = async (path: string, init?: RequestInit): Promise<unknown> => (await host.fetch(path, init)).json();
const status = async (path: string, init?: RequestInit): Promise<number> => (await host.fetch(path, init)).status;

/** fetch sets Host and Origin itself; a rebinding page or another program need not. */
async function statusWith(headers: Readonly<Record<string, string>>, more: { length?: number } = {}): Promise<number> {
  const port = host.ready.ports["http"] ?? 0;
  return new Promise((resolve, reject) => {
    const path = "/api/echo/1";
    const call = request({ host: "127.0.0.1", port, path, method: "POST", headers, setHost: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
      call.destroy();
    });
    call.on("error", reject);
    if (more.length === undefined) call.end();
    else call.flushHeaders();
  });
}

describe("routes", () => {
  it("host 25: prefix, {id:int}, {id?}, {*rest} and {id:guid} match, without regard to case", async () => {
    expect(await json("/api/echo/7")).toMatchObject({ params: { id: "7" }, function: "echo" });
    expect(await json("/API/Echo/7/More%20of")).toMatchObject({ params: { id: "7", more: "More of" } });
    expect(await json("/api/files/a/b/c.txt")).toMatchObject({ params: { path: "a/b/c.txt" } });
    expect(await json("/api/guid/0fcc4a62-8b0b-4f8c-9d3a-0c2b6f6a4f11")).toMatchObject({ function: "guid" });
    expect(await status("/api/echo/word")).toBe(404);
    expect(await status("/api/guid/word")).toBe(404);
    expect(await status("/echo/7")).toBe(404);
  });

  it("host 25: a wrong method and an unknown path are 404 without a body", async () => {
    const wrong = await host.fetch("/api/echo/7", { method: "DELETE" });
    const unknown = await host.fetch("/api/nowhere");

    expect([wrong.status, await wrong.text(), unknown.status, await unknown.text()]).toEqual([404, "", 404, ""]);
  });

  it("host 25: overlapping routes are reported at the start, and the first name wins", async () => {
    expect(host.lines.find((line) => line.includes("hides"))).toContain(
      "api/shared/{name} of a-first hides api/shared/fixed",
    );
    expect(await json("/api/shared/fixed", { method: "PUT" })).toMatchObject({ function: "a-first" });
  });

  it("host 8: the route of a disabled function is 404", async () => {
    expect(await status("/api/switched-off")).toBe(404);
  });
});

describe("a request", () => {
  it("host 11: carries method, query, headers and body; there is no trigger metadata", async () => {
    const init = { method: "POST", headers: { "X-One": "1" }, body: "text" };
    expect(await json("/api/echo/1?q=a&q=b", init)).toMatchObject({
      method: "POST",
      query: { q: "a,b" },
      headers: { "x-one": "1" },
      body: "text",
      triggerMetadata: null,
    });
  });

  it("host 32: traceparent becomes the trace context, else there is a new one", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    expect(await json("/api/echo/1", { headers: { traceparent } })).toMatchObject({
      traceContext: { traceParent: traceparent },
    });
    expect(await json("/api/echo/1")).toMatchObject({ traceContext: { traceParent: newTrace } });
  });

  it("host 26: authLevel function and admin want their key, in the header or as code", async () => {
    const withKey = (key: string): RequestInit => ({ headers: { "x-functions-key": key } });

    expect(await status("/api/guarded")).toBe(401);
    expect(await status("/api/guarded", withKey("wrong"))).toBe(401);
    expect(await status("/api/guarded", withKey(KEYS.host))).toBe(200);
    expect(await status(`/api/guarded?code=${KEYS.host}`)).toBe(200);
    expect(await status("/api/admins", withKey(KEYS.host))).toBe(401);
    expect(await status("/api/admins", withKey(KEYS.master))).toBe(200);
  });

  it("host 27: a body above 100 MB is refused before it is read", async () => {
    const port = String(host.ready.ports["http"]);
    const headers = { host: `127.0.0.1:${port}`, "content-length": String(100 * 1024 * 1024 + 1) };
    expect(await statusWith(headers, { length: 1 })).toBe(413);
  });

  it("only names and origins of this machine are served", async () => {
    const port = String(host.ready.ports["http"]);

    expect(await statusWith({ host: `localhost:${port}` })).toBe(200);
    expect(await statusWith({ host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}` })).toBe(200);
    expect(await statusWith({ host: `evil.example:${port}` })).toBe(403);
    expect(await statusWith({ host: "127.0.0.1:1" })).toBe(403);
    expect(await statusWith({ host: `127.0.0.1:${port}`, origin: "http://evil.example" })).toBe(403);
    expect(await statusWith({ host: `127.0.0.1:${port}`, origin: "null" })).toBe(403);
  });
});

describe("an answer", () => {
  it("host 27: undefined is 204, text is 500, a throw is 500 with an empty body and its reason only in the log", async () => {
    const thrown = await host.fetch("/api/throws");

    expect(await status("/api/nothing")).toBe(204);
    expect(await status("/api/text")).toBe(500);
    expect([thrown.status, await thrown.text()]).toEqual([500, ""]);
    expect(host.lines.some((line) => line.includes("the secret reason"))).toBe(true);
  });

  it("host 27: cookies and repeated headers survive; 304 has no body", async () => {
    const baked = await host.fetch("/api/cookies");
    const empty = await host.fetch("/api/empty");

    expect(baked.headers.getSetCookie()).toEqual(["a=1; HttpOnly; SameSite=Strict", "b=2; Max-Age=5"]);
    expect(baked.headers.get("x-many")).toBe("one, two");
    expect(await baked.text()).toBe("baked");
    expect([empty.status, await empty.text(), empty.headers.get("content-type")]).toEqual([304, "", null]);
  });

  it("host 27: HEAD works only where it is listed", async () => {
    const listed = await host.fetch("/api/headed", { method: "HEAD" });

    expect([listed.status, listed.headers.get("content-length"), await listed.text()]).toEqual([200, "4", ""]);
    expect(await status("/api/guid/0fcc4a62-8b0b-4f8c-9d3a-0c2b6f6a4f11", { method: "HEAD" })).toBe(404);
  });
});

describe("the host's own endpoints", () => {
  it("host 35: status is Running once all listeners run, and the start has printed functions, routes and next runs", async () => {
    expect(await json("/admin/host/status")).toEqual({ state: "Running" });
    const printed = host.lines.join("\n");
    expect(printed).toContain("queue work of BUS");
    expect(printed).toContain("/api/echo/{id:int}/{more?}");
    expect(printed).toMatch(/timer 0 0 \* \* \* \*, next \d{4}-/);
  });

  it("a timer runs by hand with the master key only", async () => {
    const init = { method: "POST", body: '{"input":""}' };
    expect(await status("/admin/functions/hourly", init)).toBe(401);
    expect(await status("/admin/functions/hourly", { ...init, headers: { "x-functions-key": KEYS.master } })).toBe(202);
    expect(await host.waitFor("hourly")).toHaveLength(1);
  });
});
