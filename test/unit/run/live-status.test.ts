// What the status of a run tells: the most important first, in the page's words, and on any screen.
import { describe, expect, it } from "vitest";
import { PHASES } from "../../../apps/dashboard/progress.ts";
import { describeState, formatInstant } from "../../../apps/local/run/live-status.ts";
import type { RunState } from "../../../apps/local/run/live-status.ts";
import { openTerminal } from "../../../apps/local/run/terminal.ts";
import type { Control } from "../../../shared/domain/control.ts";
import { NEW_CONTROL } from "../../../shared/domain/control.ts";
import { emptyPhases } from "../../../shared/domain/header.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import type { Wave } from "../../../shared/domain/rollout.ts";
import { aPolicy, T0 } from "../../support/builders.ts";

const wave = (id: string, change: Partial<Wave> = {}): Wave => ({
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
});
const progress = (id: string, phases: Partial<ReturnType<typeof emptyPhases>>): RunState["progress"][number] => ({
  wave: id,
  phases: { ...emptyPhases(), ...phases },
  failures: {},
  notices: { sent: 0, uncertain: 0 },
});
const controlOf = (id: string, because: string): Control["rollouts"][number] => ({
  id,
  policy: aPolicy(),
  timeZone: "UTC",
  helpContact: "helpdesk",
  breakGlass: [],
  stops: [{ wave: "*", because, by: "automation", at: T0 }],
});
const calm = { rollout: "r", control: NEW_CONTROL, graceDays: 14, now: T0 };

describe("the status", () => {
  it("tells who is final, what is throttled, where all are, the last deadline, and then each wave, those that are done last", () => {
    const later = T0 + 7 * DAY_MS;
    const text = describeState({
      ...calm,
      waves: [
        wave("first", { status: "done" }),
        wave("pilot", { launchedAt: T0 }),
        wave("rest", { status: "planned", startAt: later, openedAt: 0 }),
      ],
      progress: [
        progress("first", { enforced: 3 }),
        progress("pilot", { notified: 4, enforced: 5, failed: 1 }),
        progress("rest", { queued: 10 }),
      ],
      control: {
        ...NEW_CONTROL,
        notBefore: { ...NEW_CONTROL.notBefore, mail: T0 + 1_000 },
        rollouts: [controlOf("other", "not ours"), controlOf("r", "Graph refuses to set states")],
      },
    });

    expect(text.split(" · ")).toEqual([
      "9 of 23 final",
      "throttled: mail",
      "paused (all waves): Graph refuses to set states",
      "1 failed, 10 queued, 4 notified, 8 enforced",
      "last deadline about 2026-03-23",
      "pilot 1 failed, 4 notified, 5 enforced",
      "rest from 03-09",
      "first 3 enforced",
    ]);
  });

  it("names no deadline when nobody waits for one, and one wave is not told twice", () => {
    const ended = { waves: [wave("pilot", { status: "done" })], progress: [progress("pilot", { enforced: 10 })] };
    expect(describeState({ ...calm, ...ended })).toBe("10 of 10 final · pilot 10 enforced");
  });

  it("calls each phase as the page does, and writes numbers as the page does", () => {
    const phases = Object.fromEntries(PHASES.map((phase, index) => [phase, 1_000 * (index + 1)]));
    const text = describeState({ ...calm, waves: [wave("pilot")], progress: [progress("pilot", phases)] });

    const shown = /pilot (.*)$/.exec(text)?.[1]?.split(", ") ?? [];
    expect(shown.sort()).toEqual(PHASES.map((phase, index) => `${index + 1},000 ${phase}`).sort());
  });

  it("fits 80 columns with many waves, long names and a million people, and tells who is final and where they are", () => {
    const ids = Array.from({ length: 40 }, (_, index) => `${"a-long-name-of-a-wave-".repeat(2)}${index}`.slice(-40));
    const state = {
      ...calm,
      waves: ids.map((id) => wave(id)),
      progress: ids.map((id) => progress(id, { queued: 5_000, notified: 12_345, enforced: 7_655 })),
    };
    const text = `${formatInstant(T0)}  ${describeState(state)}`;
    const written = (isTTY: boolean): string[] => {
      const lines: string[] = [];
      openTerminal({ isTTY, columns: 80, write: (line: string) => lines.push(line) }).status(text);
      return lines.join("").trimEnd().split("\n");
    };

    expect(written(true)).toEqual([`${formatInstant(T0)}  306,200 of 1,000,000 final · 200,000 queued …`]);
    const lines = written(false);
    expect(lines.length).toBeGreaterThan(40);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    for (const id of ids) expect(lines.some((line) => line.includes(`${id} 5,000 queued`))).toBe(true);
  });
});
