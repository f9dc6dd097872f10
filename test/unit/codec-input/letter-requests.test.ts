// What operators send about dead letters: read, or refused with every fault named.
import { describe, expect, it } from "vitest";
import { parseLetterDeed, parseLetterList, parseLetterPlace } from "../../../shared/codec/letter-requests.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import { Refusal } from "../../../shared/domain/refusal.ts";
import { respond } from "../../../shared/pipeline/respond.ts";
import { Unavailable } from "../../../shared/ports/errors.ts";

const ID = "20260302070000000_0123456789abcdef";
const DEED = { rollout: "contoso", id: ID, by: " Ada ", because: "mended" };

describe("a request about a dead letter", () => {
  it("is read, with the key of the caller left aside", () => {
    expect(parseLetterDeed(JSON.stringify(DEED))).toEqual({ ...DEED, by: "Ada" });
    expect(parseLetterList(new URLSearchParams("state=open&code=key"))).toEqual({ rollout: null, state: "open" });
    expect(parseLetterPlace(new URLSearchParams({ id: ID }))).toEqual({ rollout: null, id: ID });
  });

  it.each([
    ["no JSON", "{"],
    ["too long", JSON.stringify({ ...DEED, because: "x".repeat(20_000) })],
    ["nobody's name", JSON.stringify({ ...DEED, by: " " })],
    ["automation's name", JSON.stringify({ ...DEED, by: "Automation" })],
    ["a line break", JSON.stringify({ ...DEED, because: "a\nb" })],
    ["a key of another partition", JSON.stringify({ ...DEED, rollout: "a/b" })],
    ["an unknown key", JSON.stringify({ ...DEED, force: true })],
  ])("with %s is refused", (_what, body) => {
    expect(() => parseLetterDeed(body)).toThrow(UserFault);
  });
});

describe("an HTTP answer", () => {
  it("is 400, 404, 409 or 503 with what and how to mend it, and a bug is thrown on", async () => {
    const text = { what: "It is gone.", fix: "List them.", where: "id" };
    const thrown = [
      new UserFault([{ what: "Wrong.", fix: "Mend it.", at: { where: "by" } }]),
      new Refusal("not-found", text),
      new Refusal("not-possible", text),
      new Unavailable("tables", { cause: null }),
    ];

    const answers = await Promise.all(thrown.map((error) => respond(() => Promise.reject(error))));

    expect(answers.map(({ status }) => status)).toEqual([400, 404, 409, 503]);
    expect(answers[1]?.jsonBody).toEqual({ error: { what: "It is gone.", fix: "List them." } });
    await expect(respond(() => Promise.reject(new Error("a bug")))).rejects.toThrow("a bug");
  });
});
