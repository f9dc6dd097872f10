import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson } from "../../../shared/codec/input/json-nodes.ts";
import type { JsonNode } from "../../../shared/codec/input/json-nodes.ts";

function valueOf(node: JsonNode): unknown {
  switch (node.kind) {
    case "value":
      return node.value;
    case "array":
      return node.items.map(valueOf);
    case "object":
      return Object.fromEntries(node.members.map(({ key, value }) => [key, valueOf(value)]));
  }
}

function faultOf(text: string): string {
  const result = readJson(text);
  return result.kind === "read" ? "read" : `${result.place.line}:${result.place.column}: ${result.what} ${result.fix}`;
}

describe("readJson", () => {
  it("reads every JSON text as JSON.parse does", () => {
    const seen = { nested: 0, spaced: 0 };
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        if (typeof value === "object" && value !== null) seen.nested++;
        if (indent > 0 && text.includes("\n")) seen.spaced++;
        const result = readJson(text);
        expect(result.kind === "read" && valueOf(result.node)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
  });

  it("refuses exactly what JSON.parse refuses", () => {
    const seen = { good: 0, bad: 0 };
    const unit = fc.constantFrom(
      "[",
      "]",
      "{",
      "}",
      '"a"',
      ":",
      ",",
      "1",
      "-",
      ".5",
      "0",
      "true",
      " ",
      "null",
      "\\",
      '"',
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 5 }), (parts) => {
        const text = parts.join("");
        const ours = readJson(text).kind === "read";
        seen[ours ? "good" : "bad"]++;
        expect(ours, text).toBe(isJson(text));
      }),
      { numRuns: 5_000 },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
  });

  it("keeps both of two equal keys, each with its place", () => {
    const result = readJson('{"a":1,\n "a":2}');
    expect(result).toMatchObject({
      kind: "read",
      node: {
        members: [
          { key: "a", keyOffset: 1 },
          { key: "a", keyOffset: 9 },
        ],
      },
    });
  });

  it.each([
    ['[{"a":1,}]', '1:8: There is a comma before "}". Delete the comma.'],
    ["[1,\n 2,\n]", '2:3: There is a comma before "]". Delete the comma.'],
    ["[1 2]", '1:4: "2" cannot stand here. Expected a comma or "]".'],
    ['{"a" 1}', '1:6: "1" cannot stand here. Expected a colon after the key "a".'],
    ["{a: 1}", '1:2: "a" cannot stand here. Expected a key in double quotes.'],
    ["[{'a': 1}]", '1:3: "\'" cannot stand here. Expected a key in double quotes.'],
    [
      '["a\nb"]',
      '1:2: The text that begins here is not closed on its line, or holds a bad escape. Close it with ", and write \\" and \\\\ within it.',
    ],
    [
      "[tru]",
      '1:2: "t" cannot stand here. Expected a value: text in double quotes, a number, true, false, null, [ or {.',
    ],
    ["[1", '1:3: The file ends in the middle. Expected a comma or "]".'],
    ["[]\n[]", "2:1: There is something after the end of the JSON value. Delete it."],
    ["[".repeat(100_000), "1:34: The JSON is nested too deeply. Expected an array of users."],
  ])("says where %.20j goes wrong", (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // the question is only whether it throws
  }
}
