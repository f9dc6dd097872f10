// What a run says while it goes: one line that replaces itself on a terminal, and lines of what has changed elsewhere.
import { describe, expect, it } from "vitest";
import { fitLine, foldLine, openTerminal } from "../../../apps/local/run/terminal.ts";

function screenOf(
  isTTY: boolean,
  columns?: number,
): { isTTY: boolean; columns?: number; out: string; write(text: string): void } {
  return {
    isTTY,
    ...(columns === undefined ? {} : { columns }),
    out: "",
    write(text) {
      this.out += text;
    },
  };
}

const CLEAR = "\r\u001b[2K";
const STATUS = "07:01Z  20 of 200 final · 73 enabled, 107 notified · pilot 23 notified";

describe("the terminal", () => {
  it("replaces its status line, never wider than the screen, and keeps what is said above it", () => {
    const screen = screenOf(true, 40);
    const terminal = openTerminal(screen);
    terminal.status("first status");
    terminal.say("an instance ended");
    terminal.status(STATUS);
    terminal.end();
    terminal.end();

    expect(screen.out).toBe(
      `first status${CLEAR}an instance ended\nfirst status${CLEAR}07:01Z  20 of 200 final · 73 enabled …\n`,
    );
  });

  it("follows the screen's width, and takes 80 columns where nobody knows it", () => {
    const wide = `0:01Z  20 of 200 final · ${"1 enabled, ".repeat(20)}1 queued`;
    for (const columns of [undefined, 0]) {
      const screen = screenOf(true, columns);
      openTerminal(screen).status(wide);
      expect(screen.out.length).toBeLessThan(80);
      expect(screen.out.length).toBeGreaterThan(80 - "1 enabled, ".length - " …".length);
    }
    const screen = screenOf(true, 100);
    const terminal = openTerminal(screen);
    terminal.status(STATUS);
    screen.columns = 40;
    terminal.say("narrower");
    expect(screen.out).toBe(`${STATUS}${CLEAR}narrower\n07:01Z  20 of 200 final · 73 enabled …`);
  });

  it("writes lines of what has changed where there is no terminal, without control codes", () => {
    const screen = screenOf(false);
    const terminal = openTerminal(screen);
    terminal.status("07:00Z  1 of 9 final · pilot 3 queued · early from 03-09");
    terminal.say("said");
    terminal.status("07:01Z  1 of 9 final · pilot 3 enabled · early from 03-09");
    terminal.status(`07:02Z  2 of 9 final · pilot 3 enabled · early ${"1 notified, ".repeat(9)}1 queued`);
    terminal.end();

    expect(screen.out.split("\n")).toEqual([
      "07:00Z  1 of 9 final · pilot 3 queued · early from 03-09",
      "said",
      "07:01Z  1 of 9 final · pilot 3 enabled",
      "07:02Z  2 of 9 final · early 1 notified, 1 notified, 1 notified, 1 notified,",
      "  1 notified, 1 notified, 1 notified, 1 notified, 1 notified, 1 queued",
      "",
    ]);
  });
});

describe("a status that does not fit", () => {
  const items = (text: string): string[] => text.replace(/ …$/, "").split(/ {2}| · |, /);

  it("loses whole parts and items from its end, its head where nothing fits with it, and never part of a number", () => {
    for (let width = 0; width < 90; width++) {
      const shown = fitLine(STATUS, width);
      expect(shown.length).toBeLessThanOrEqual(width);
      expect(shown === "" ? [] : items(STATUS)).toEqual(expect.arrayContaining(shown === "" ? [] : items(shown)));
      if (width >= 17) expect(shown).toContain("20 of 200 final");
    }
    expect(fitLine(STATUS, 33)).toBe("07:01Z  20 of 200 final …");
    expect(fitLine(STATUS, 24)).toBe("20 of 200 final …");
    expect(fitLine(STATUS, 16)).toBe("");
    expect(fitLine(STATUS, STATUS.length)).toBe(STATUS);
  });

  it("is folded between parts and items, and nothing is lost", () => {
    for (let width = 20; width < 90; width++) {
      const lines = foldLine(STATUS, width);
      for (const line of lines)
        expect(line.length).toBeLessThanOrEqual(Math.max(width, "07:01Z  20 of 200 final".length));
      expect(lines.flatMap((line) => items(line.trim().replace(/,$/, "")))).toEqual(items(STATUS));
    }
    expect(foldLine("one", 80)).toEqual(["one"]);
  });
});
