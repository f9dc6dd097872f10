import { describe, expect, it } from "vitest";
import { diskFull, isDiskFull } from "../../../apps/local/disk-full.ts";

const full = Object.assign(new Error("write"), { code: "ENOSPC" });

describe("a disk without room", () => {
  it("is known by its code, also as the cause of another error, and nothing else is taken for it", () => {
    expect(isDiskFull(full)).toBe(true);
    expect(isDiskFull(Object.assign(new Error("write"), { code: "EDQUOT" }))).toBe(true);
    expect(isDiskFull(new Error("not saved", { cause: full }))).toBe(true);
    expect(isDiskFull(Object.assign(new Error("read"), { code: "ENOENT" }))).toBe(false);
    expect(isDiskFull("ENOSPC")).toBe(false);
  });

  it("is one sentence with its place and what to do", () => {
    expect(diskFull("the tenant's data").message).toBe(
      "the tenant's data: the disk has no room left. Make room, and run it again.",
    );
  });
});
