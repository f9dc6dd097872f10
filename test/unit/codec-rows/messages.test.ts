// What goes over a queue or an HTTP answer: step messages, and the progress as the page reads it.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProgressView } from "../../../shared/codec/progress-view.ts";
import { formatStepMessage, parseStepMessage } from "../../../shared/codec/step-message.ts";
import { FAR_FUTURE } from "../../../shared/domain/instant.ts";
import { STEPS } from "../../../shared/domain/names.ts";
import type { Nudge } from "../../../shared/domain/nudge.ts";
import { T0 } from "../../support/builders.ts";
import { countCases } from "./case-count.ts";
import { anyCount, anyGrant } from "./stored-values.ts";
import { anyId, anyText, hasLoneSurrogate } from "./texts.ts";
import { plain } from "./through-table.ts";

const MESSAGE = { v: 1, tenant: "contoso", rollout: "pilot", wave: "first", batch: 7, step: "notify" } as const;
const GRANT = [{ sender: "mfa@contoso.example", count: 30 }];

const anyNudge: fc.Arbitrary<Nudge> = fc.record({
  tenant: fc.oneof(
    fc.uuid(),
    anyText.filter((text) => text !== "" && text.length <= 64),
  ),
  rollout: anyId,
  wave: anyId,
  batch: anyCount,
  step: fc.constantFrom(...STEPS),
  grant: fc.oneof(fc.constant([]), anyGrant),
});

function because(body: unknown): string {
  const parsed = parseStepMessage(body);
  if (parsed.kind === "nudge") expect.fail(`read as ${JSON.stringify(parsed.nudge)}`);
  expect(Object.keys(parsed).sort()).toEqual(["because", "kind"]);
  return parsed.because;
}

describe("a step message", () => {
  it("is received as it was sent, for each step, with and without a grant", () => {
    const seen = countCases([...STEPS, "grant", "no grant", "bad text"] as const);
    const property = fc.property(anyNudge, (nudge) => {
      seen.saw(nudge.step);
      seen.saw(nudge.grant.length === 0 ? "no grant" : "grant");
      seen.saw(
        "bad text",
        nudge.grant.some(({ sender }) => hasLoneSurrogate(sender)),
      );
      const body: unknown = JSON.parse(JSON.stringify(formatStepMessage(nudge)));
      expect(parseStepMessage(body)).toStrictEqual({ kind: "nudge", nudge: plain(nudge) });
    });
    fc.assert(property, { numRuns: 500 });
    seen.expectEach(20);
  });

  it("says nothing of a grant where there is none", () => {
    expect(formatStepMessage({ ...MESSAGE, grant: [] })).toStrictEqual(MESSAGE);
  });

  it.each([
    ["another version", { ...MESSAGE, v: 2 }, "at v"],
    ["a version as text", { ...MESSAGE, v: "1" }, "at v"],
    ["an unknown step", { ...MESSAGE, step: "delete" }, "at step"],
    ["an unknown key, which a newer version may act on", { ...MESSAGE, notice: "reminder-1" }, '"notice"'],
    ["an unknown key in a grant", { ...MESSAGE, grant: [{ ...GRANT[0], until: 1 }] }, "at grant[0]"],
    ["a key that every object has from birth", { ...MESSAGE, constructor: 1 }, '"constructor"'],
    ["an upper case rollout", { ...MESSAGE, rollout: "Pilot" }, "at rollout"],
    ["a wave that would leave its partition", { ...MESSAGE, wave: "a_001" }, "at wave"],
    ["an empty wave", { ...MESSAGE, wave: "" }, "at wave"],
    ["a wave with a line break", { ...MESSAGE, wave: "first\n" }, "at wave"],
    ["a wave of 41 characters", { ...MESSAGE, wave: "a".repeat(41) }, "at wave"],
    ["no tenant", { ...MESSAGE, tenant: "" }, "at tenant"],
    ["a tenant of 65 characters", { ...MESSAGE, tenant: "t".repeat(65) }, "at tenant"],
    ["a batch before the first", { ...MESSAGE, batch: -1 }, "at batch"],
    ["half a batch", { ...MESSAGE, batch: 0.5 }, "at batch"],
    ["no number", { ...MESSAGE, batch: Number.NaN }, "at batch"],
    ["a batch without end", { ...MESSAGE, batch: Infinity }, "at batch"],
    ["a batch as text", { ...MESSAGE, batch: "7" }, "at batch"],
    ["a grant of no mail", { ...MESSAGE, grant: [{ sender: "s", count: 0 }] }, "at grant[0].count"],
    ["a grant without a sender", { ...MESSAGE, grant: [{ sender: "", count: 1 }] }, "at grant[0].sender"],
    ["a grant that is no list", { ...MESSAGE, grant: GRANT[0] }, "at grant"],
    ["a grant of nothing", { ...MESSAGE, grant: null }, "at grant"],
  ])("with %s is malformed, and says where", (_, body, where) => {
    expect(because(body)).toContain(where);
  });

  it.each(["v", "tenant", "rollout", "wave", "batch", "step"] as const)("without %s is malformed", (key) => {
    const body = Object.fromEntries(Object.entries(MESSAGE).filter(([name]) => name !== key));
    expect(because(body)).toContain(`at ${key}`);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a list", [MESSAGE]],
    ["a number", 1],
    ["text", "hello"],
    ["the message as text", JSON.stringify(MESSAGE)],
    ["bytes", Buffer.from(JSON.stringify(MESSAGE))],
  ])("that is %s is malformed", (_, body) => {
    expect(because(body)).toMatch(/expected object|Unrecognized keys/);
  });

  it("with a key `__proto__` is malformed, and no object inherits from it", () => {
    const text = JSON.stringify({ ...MESSAGE, grant: GRANT });
    for (const place of ["{", "[{"]) {
      const hostile: unknown = JSON.parse(text.replace(place, `${place}"__proto__":{"step":"restore"},`));
      expect(because(hostile)).toContain('"__proto__"');
    }
    expect("step" in {}).toBe(false);
  });
});

describe("the progress view", () => {
  const view = {
    now: T0,
    rollouts: [
      {
        rollout: "now",
        users: 1_772_438_400,
        waves: [
          {
            startAt: T0,
            openedAt: null,
            notices: { sent: 3, uncertain: 0 },
            gates: [{ gate: "soak", because: "at", nextLook: FAR_FUTURE, at: T0 }],
          },
        ],
      },
    ],
    rest: { "graph-write": T0, "graph-read": null, mail: T0 + 1, reports: null },
  };

  it("says instants as ISO text, and leaves counts, texts and what is not yet as they are", () => {
    expect(formatProgressView(view)).toStrictEqual({
      now: "2026-03-02T08:00:00.000Z",
      rollouts: [
        {
          rollout: "now",
          users: 1_772_438_400,
          waves: [
            {
              startAt: "2026-03-02T08:00:00.000Z",
              openedAt: null,
              notices: { sent: 3, uncertain: 0 },
              gates: [
                {
                  gate: "soak",
                  because: "at",
                  nextLook: "9999-12-31T00:00:00.000Z",
                  at: "2026-03-02T08:00:00.000Z",
                },
              ],
            },
          ],
        },
      ],
      rest: {
        "graph-write": "2026-03-02T08:00:00.000Z",
        "graph-read": null,
        mail: "2026-03-02T08:00:00.001Z",
        reports: null,
      },
    });
  });

  it("leaves a text or a list under the name of an instant as it is", () => {
    const texts = { at: "soon", mail: "help@contoso.example", reports: ["a", 1], now: true };
    expect(formatProgressView(texts)).toStrictEqual(texts);
  });

  it("does not change what it was given", () => {
    const before = structuredClone(view);
    formatProgressView(view);
    expect(view).toStrictEqual(before);
  });
});
