// The Service Bus trigger of the host against the real broker: docs/EMBEDDED.md lists the numbers.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildChildren } from "../supervisor/built-children.ts";
import type { BuiltChildren } from "../supervisor/built-children.ts";
import { until } from "../until.ts";
import { openStage, send, startHostUnderTest } from "./host-under-test.ts";
import type { HostUnderTest, Stage } from "./host-under-test.ts";

let children: BuiltChildren;
let stage: Stage;
let host: HostUnderTest;

beforeAll(async () => {
  children = await buildChildren();
});
afterAll(() => children.remove());
beforeEach(async () => {
  stage = await openStage();
  host = await startHostUnderTest(stage, { entry: children.host });
});
afterEach(async () => {
  await host.child.close(3_000);
  await stage.close();
});

describe("a queue function", () => {
  it("host 12: gets JSON text parsed, other text as it is, and bytes that are no UTF-8 as a Buffer", async () => {
    await send(stage, Buffer.from("42"));
    await send(stage, Buffer.from("no JSON"));
    await send(stage, Buffer.from([0xff, 0xfe, 0x00]));

    const seen = await host.waitFor("work", 3);

    expect(seen.map(({ body, isBuffer }) => (isBuffer === true ? "buffer" : body))).toEqual([42, "no JSON", "buffer"]);
  });
});

void until;
