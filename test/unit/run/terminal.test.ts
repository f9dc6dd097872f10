// What a run says while it goes: one line that replaces itself on a terminal, lines elsewhere; and what that line tells.
import { describe, expect, it } from "vitest";
import { describeState } from "../../../apps/local/run/live-status.ts";
import { openTerminal } from "../../../apps/local/run/terminal.ts";
import { NEW_CONTROL } from "../../../shared/domain/control.ts";
import { emptyPhases } from "../../../shared/domain/header.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { Wave } from "../../../shared/domain/rollout.ts";
import { T0 } from "../../support/builders.ts";

function screenOf(isTTY: boolean): {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): void;
  out: string;
} {
  return {
    isTTY,
    columns: 30,
    out: "",
    write(text) {
      this.out += text;
    },
  };
}

describe("the terminal", () => {
  it("replaces its status line, never wider than the screen, and keeps what is said above it", () => {
    const screen = screenOf(true);
    const terminal = openTerminal(screen);
    terminal.status("first status");
    terminal.say("an instance ended");
    terminal.status("second status, which is longer than the screen is wide");
    terminal.end();

    expect(screen.out).toBe(
      "first status\r\u001b[2Kan instance ended\nfirst status\r\u001b[2Ksecond status, which is longe\n",
    );
  });

  it("writes whole lines where there is no terminal", () => {
    const screen = screenOf(false);
    const terminal = openTerminal(screen);
    terminal.status("first");
    terminal.say("said");
    terminal.end();

    expect(screen.out).toBe("first\nsaid\n");
  });
});

describe("the status", () => {
  const wave = (id: string, change: Partial<Wave>): Wave => {
    return {
      id,
      index: 0,
      status: "open",
      startAt: T0,
      users: 10,
      batches: 1,
      openedAt: T0,
      launchedAt: 0,
      doneAt: 0,
      ...change,
    };
  };
  const progress = (id: string, phases: Partial<ReturnType<typeof emptyPhases>>) => ({
    wave: id,
    phases: { ...emptyPhases(), ...phases },
    failures: {},
    notices: { sent: 0, uncertain: 0 },
  });

  it("tells who is final, where each wave is, what is throttled, and when the last deadline is", () => {
    const later = T0 + 7 * DAY_MS;
    const text = describeState({
      waves: [wave("pilot", { launchedAt: T0 }), wave("rest", { status: "planned", startAt: later, openedAt: 0 })],
      progress: [progress("pilot", { notified: 4, enforced: 5, failed: 1 }), progress("rest", { queued: 10 })],
      control: { ...NEW_CONTROL, notBefore: { ...NEW_CONTROL.notBefore, mail: T0 + 1_000 } },
      graceDays: 14,
      now: T0,
    });

    expect(text).toBe(
      "6 of 20 final · pilot 4 notified, 5 enforced, 1 failed · rest from 03-09 · throttled: mail · last deadline about 2026-03-23",
    );
  });

  it("names no deadline when nobody waits for one", () => {
    const ended = { waves: [wave("pilot", { status: "done" })], progress: [progress("pilot", { enforced: 10 })] };
    expect(describeState({ ...ended, control: NEW_CONTROL, graceDays: 14, now: T0 })).toBe(
      "10 of 10 final · pilot 10 enforced",
    );
  });
});
