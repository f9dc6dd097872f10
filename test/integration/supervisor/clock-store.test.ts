// What the supervisor remembers of time, as a file: it never gives back an older instant than the last one that was saved.
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openClockStore } from "../../../apps/local/supervisor/clock-store.ts";
import type { Saved } from "../../../apps/local/supervisor/clock-store.ts";

let dataDir: string;
let file: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "clock-store-"));
  file = join(dataDir, "clock.log");
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const state = (seq: number): Saved => ({
  seq,
  offset: seq * 1_000,
  wall: 5,
  timers: { hourly: { schedule: "0 0 * * * *", last: null, next: 60_000 } },
});

async function saveAll(...seqs: readonly number[]): Promise<void> {
  const store = openClockStore(dataDir);
  for (const seq of seqs) await store.save(state(seq));
  store.close();
}

function reopened(): Saved | null {
  const store = openClockStore(dataDir);
  store.close();
  return store.saved;
}

const read = (): string => readFileSync(file, "utf8");
/** In the format of the first builds: bare JSON, without a checksum. */
const bare = (seq: number): string => `${JSON.stringify({ v: 1, ...state(seq) })}\n`;
const RESTORE = "Restore the whole --data folder from a copy, or use another --data folder.";
const refusal = (line: number): string =>
  `${file}:${line}: this line is damaged, and without it virtual time could go back. ${RESTORE}`;

describe("clock 10: the saved clock never goes back", () => {
  it("gives back the last state, and an empty folder none", async () => {
    expect(reopened()).toBeNull();
    expect(reopened()).toBeNull();

    await saveAll(1, 2, 3);

    expect(reopened()).toEqual(state(3));
    expect(reopened()).toEqual(state(3));
  });

  it("drops a line that was torn anywhere, which no jump was made on", async () => {
    await saveAll(1, 2);
    const whole = read();
    const line = whole.trimEnd().split("\n").at(-1) ?? "";
    for (const length of [1, 8, 9, line.length - 1, line.length]) {
      writeFileSync(file, whole + line.slice(0, length));
      expect(reopened()).toEqual(state(2));
    }
  });

  it("refuses a whole line that is damaged, in one bit as in all, instead of going back to an older one", async () => {
    await saveAll(1, 2);
    const whole = read();
    const damages = [
      whole.replace('"offset":2000', '"offset":1000'),
      whole.replace(/\n[^\n]+\n$/, "\ngarbage\n"),
      `${whole}\n`,
      whole.replace('{"v":2}', '{"v":"'),
    ];
    for (const [index, text] of damages.entries()) {
      expect(text).not.toBe(whole);
      writeFileSync(file, text);
      expect(() => openClockStore(dataDir)).toThrow(refusal([3, 3, 4, 1][index] ?? 0));
      expect(read()).toBe(text); // what is there stays, for a person to look at
    }
  });

  it("refuses a file that was emptied, which would begin time anew", async () => {
    await saveAll(1);
    truncateSync(file, 0);

    expect(() => openClockStore(dataDir)).toThrow(refusal(1));
  });

  it("reads the first builds' file, torn or damaged too, and goes on in its own format, which those builds refuse", () => {
    writeFileSync(file, `${bare(7)}${bare(8)}{"v":1,"seq":9,"off`);
    expect(reopened()).toEqual(state(8));
    // A build that looks for bare JSON from the end finds this line alone, and calls it a newer version's.
    expect(read().split("\n")[0]).toBe('{"v":2}');
    expect(reopened()).toEqual(state(8));

    for (const line of ['{"v":1,"seq":9}\n', "garbage\n"]) {
      writeFileSync(file, `${bare(7)}${bare(8)}${line}`);
      expect(() => openClockStore(dataDir)).toThrow(refusal(3));
    }
    writeFileSync(file, '{"v":99}\n');
    expect(() => openClockStore(dataDir)).toThrow("newer version (format 99, this one reads 2)");
  });
});

describe("the file of the clock", () => {
  it("is written anew when it has grown, and holds the last state at each moment", async () => {
    const store = openClockStore(dataDir, { rewriteBytes: 5_000 });
    const sizes: number[] = [];
    for (let seq = 1; seq <= 200; seq++) {
      await store.save(state(seq));
      expect(read().trimEnd().split("\n").at(-1)).toContain(`"seq":${seq},`);
      sizes.push(statSync(file).size);
    }
    store.close();

    expect(Math.max(...sizes)).toBeLessThan(5_500);
    expect(sizes.filter((size, index) => size < (sizes[index - 1] ?? 0)).length).toBeGreaterThan(2);
    expect(existsSync(`${file}.partial`)).toBe(false);
    expect(reopened()).toEqual(state(200));
  });

  it("has a bound by itself: about a megabyte", async () => {
    await saveAll(1);
    const line = read().split("\n")[1] ?? "";
    appendFileSync(file, `${line}\n`.repeat(10_000));
    const store = openClockStore(dataDir);
    expect(statSync(file).size).toBeLessThan(1_000);
    const timers = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`timer-${index}`, { schedule: "", last: index, next: null }]),
    );
    for (let seq = 2; seq < 60; seq++) {
      await store.save({ ...state(seq), timers });
      expect(statSync(file).size).toBeLessThan(1_100_000);
    }
    store.close();
    expect(reopened()?.seq).toBe(59);
  });

  it("on a full disk says so in one sentence, keeps the last state, and goes on when there is room again", async () => {
    let failure: Error | null = null;
    const store = openClockStore(dataDir, { failWrite: () => failure });
    await store.save(state(1));
    failure = Object.assign(new Error("write"), { code: "ENOSPC" });

    const sentence = `${file}: the disk has no room left. Make room, and run it again.`;
    await expect(store.save(state(2))).rejects.toThrow(sentence);
    await expect(store.save(state(3))).rejects.toThrow(sentence);
    expect(reopened()).toEqual(state(1));

    failure = null;
    await store.save(state(4));
    store.close();
    expect(reopened()).toEqual(state(4));
  });

  // A device that refuses each byte, as a full disk does; only Linux has it.
  it.runIf(existsSync("/dev/full"))("keeps the old file where the new one finds no room", async () => {
    await saveAll(1);
    const before = read();
    symlinkSync("/dev/full", `${file}.partial`);

    expect(() => openClockStore(dataDir)).toThrow("the disk has no room left");
    expect(read()).toBe(before);
    expect(reopened()).toEqual(state(1));
  });
});
