// What lost a part is damage: it must never be read as something that is long past, shorter, or somebody else's.
import { describe, expect, it } from "vitest";
import { parseLongText } from "../../../shared/codec/columns.ts";
import { formatControl, parseControl } from "../../../shared/codec/control-rows.ts";
import { formatRegistrations, parseRegistrations } from "../../../shared/codec/user-rows.ts";
import { LEVEL, NEW_CONTROL } from "../../../shared/domain/control.ts";
import { refusalOf, without } from "./refusal-of.ts";
import { sampleOf, samplesOf } from "./samples.ts";
import { kindOf } from "./stored-kinds.ts";

describe("an enrollment row that lacks what its phase needs is refused: a lost time would be read as one long past", () => {
  it.each([
    ["enabled", "enabledAt"],
    ["enabled", "notice"],
    ["notified", "toldAt"],
    ["notified", "enforceAfter"],
    ["enforced", "enforcedAt"],
    ["enforced", "how"],
    ["failed", "since"],
    ["excluded", "since"],
    ["held", "until"],
    ["held", "owner"],
    ["restoring", "since"],
    ["restored", "since"],
  ])("%s without %s", (name, column) => {
    const columns = sampleOf("enrollment", name);
    expect(Object.keys(columns)).toContain(column);
    expect(refusalOf(() => kindOf("enrollment").parse(without(columns, column)))).toContain(
      `(${name}) has no ${column}`,
    );
  });

  it("a notice key that no notice has", () => {
    const { parse } = kindOf("enrollment");
    const columns = sampleOf("enrollment", "enabled");
    for (const notice of ["first-notice-3", "follow-up", "follow-up-x", "postcard-1"])
      expect(refusalOf(() => parse({ ...columns, notice }))).toContain("at notice");
  });

  it("a claim that is not whole", () => {
    const { parse } = kindOf("enrollment");
    const claimed = Object.values(samplesOf("enrollment")).find((columns) => "claimNotice" in columns) ?? {};
    for (const column of ["claimSender", "claimedAt", "claimExpiresAt", "claimEnforceAfter"])
      expect(refusalOf(() => parse(without(claimed, column)))).toContain(`has no ${column}`);
    expect(refusalOf(() => parse(without(claimed, "claimNotice")))).toContain("a claim without its notice");
  });
});

describe("a text or a list of people that lost a part is refused", () => {
  it("a long text with a gap", () => {
    expect(parseLongText("text", { text0: "a", text1: "b", other: "c" })).toBe("ab");
    expect(refusalOf(() => parseLongText("text", { text0: "a", text2: "c" }))).toContain("text1 is not one of them");
  });

  it("a registration snapshot with a character too few, too many, or an unknown letter", () => {
    const whole = formatRegistrations(
      new Map([
        ["00000000-0000-4000-8000-000000000001", "usable"],
        ["00000000-0000-4000-8000-000000000002", "none"],
      ]),
    );
    expect(parseRegistrations(whole).size).toBe(2);
    for (const damaged of [whole.slice(1), whole.slice(0, -1), `${whole}a`, whole.replace("u", "y"), "abc"])
      expect(refusalOf(() => parseRegistrations(damaged))).toContain("the registration snapshot cannot be read");
    expect(refusalOf(() => formatRegistrations(new Map([["ADA", "usable"]])))).toContain("no lower-case object id");
  });

  it("a storage level of a newer version, and a soak that is no number", () => {
    expect(refusalOf(() => parseControl(formatControl({ ...NEW_CONTROL, level: LEVEL + 1 })))).toContain("at level");
    const columns = sampleOf("rollout", Object.keys(samplesOf("rollout"))[0] ?? "");
    for (const soakMs of ["", "0x10", "1e3", " 7 "])
      expect(refusalOf(() => kindOf("rollout").parse({ ...columns, soakMs }))).toContain("at soakMs");
  });
});
