// A roll back is ordered in a hurry: what is not exactly an order is refused in words, and never widened.
import { describe, expect, it } from "vitest";
import { parseRollBackOrder } from "../../../shared/codec/roll-back-order.ts";

const ORDER = { rollout: "contoso", by: "ada", reason: "the helpdesk drowns" };
const USER = "00000000-0000-4000-8000-00000000000A";

describe("a roll back order", () => {
  it.each([
    [{ all: true }, { kind: "all" }],
    [{ wave: "pilot" }, { kind: "wave", wave: "pilot" }],
    [{ users: [USER] }, { kind: "users", users: [USER.toLowerCase()] }],
  ])("with the scope %j is taken", (scope, expected) => {
    expect(parseRollBackOrder({ ...ORDER, ...scope })).toEqual({
      kind: "order",
      order: { ...ORDER, scope: expected, from: null },
    });
  });

  it("goes on where an earlier answer said", () => {
    const from = { wave: "pilot", batch: 7 };
    expect(parseRollBackOrder({ ...ORDER, all: true, from })).toMatchObject({ order: { from } });
  });

  it.each([
    ["nothing", undefined, /expected object/],
    ["no scope", ORDER, /names 0 scopes/],
    ["two scopes", { ...ORDER, all: true, wave: "pilot" }, /names 2 scopes/],
    ["a misspelt scope", { ...ORDER, all: true, wav: "pilot" }, /Unrecognized key/],
    ["all: false", { ...ORDER, all: false }, /all: /],
    ["nobody who orders", { ...ORDER, by: " ", all: true }, /says who orders it/],
    ["no reason", { ...ORDER, reason: "", all: true }, /says why/],
    ["an empty list", { ...ORDER, users: [] }, /names nobody/],
    ["a user principal name", { ...ORDER, users: ["ada@contoso.example"] }, /is no object id/],
    ["too many users", { ...ORDER, users: Array.from({ length: 1_001 }, () => USER) }, /users: /],
    ["a list and a place to go on", { ...ORDER, users: [USER], from: { wave: "w", batch: 0 } }, /goes with no list/],
    ["a wave that is no id", { ...ORDER, wave: "Pilot 1" }, /is no id/],
  ])("with %s is refused in words", (_, body, text) => {
    const parsed = parseRollBackOrder(body);

    expect(parsed.kind).toBe("refused");
    expect(parsed.kind === "refused" ? parsed.faults.map(({ what }) => what).join() : "").toMatch(text);
  });
});
