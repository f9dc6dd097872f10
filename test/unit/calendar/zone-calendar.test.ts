import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { zoneCalendar } from "../../../shared/calendar/zone-calendar.ts";

const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "UTC",
  "America/St_Johns",
];
const HOUR_MS = 3_600_000;

/** What a wall clock of the zone shows, told by Intl and not by the code under test. */
function wallClock(at: number, timeZone: string): string {
  const format = clocks.get(timeZone) ?? clockOf(timeZone);
  return format.format(at).replace(/,? /u, "T");
}
const clocks = new Map<string, Intl.DateTimeFormat>();
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const digits = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, hourCycle: "h23", ...digits });
  clocks.set(timeZone, format);
  return format;
}

describe("toInstant", () => {
  it.each([
    ["Europe/Berlin", "2026-03-02T08:00", "2026-03-02T07:00:00.000Z"],
    ["Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:30:00.000Z"], // skipped: 03:30 +02:00
    ["America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:00.000Z"], // twice: the first, -04:00
    ["Asia/Kolkata", "2026-03-02T08:00", "2026-03-02T02:30:00.000Z"],
    ["Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45:00.000Z"], // half an hour is skipped
  ])("of %s %s is %s", (zone, text, instant) => {
    expect(new Date(zoneCalendar(zone).toInstant(text)).toISOString()).toBe(instant);
  });

  it("is the first instant at which the clock shows that time, and moves forward where it shows it never", () => {
    const seen = { plain: 0, skipped: 0, twice: 0 };
    const changes = fc.constantFrom(
      ["Europe/Berlin", "2026-03-29"] as const,
      ["Europe/Berlin", "2026-10-25"] as const,
      ["America/New_York", "2026-03-08"] as const,
      ["America/New_York", "2026-11-01"] as const,
      ["Australia/Lord_Howe", "2026-10-04"] as const,
      ["Australia/Lord_Howe", "2026-04-05"] as const,
    );
    const days = fc.integer({ min: 10, max: 28 }).map((date) => `2026-06-${date}`);
    const zoneAndDay = fc.oneof(changes, fc.tuple(fc.constantFrom(...ZONES), days));
    const minute = fc.integer({ min: 0, max: 15 }).map((quarter) => {
      return `${String(Math.floor(quarter / 4)).padStart(2, "0")}:${String((quarter % 4) * 15).padStart(2, "0")}`;
    });
    fc.assert(
      fc.property(zoneAndDay, minute, ([zone, date], time) => {
        const text = `${date}T${time}`;
        const found = zoneCalendar(zone).toInstant(text);
        // Every quarter of an hour within 26 hours of that time in UTC: no zone is further off.
        const aim = Date.parse(`${text}Z`);
        const shows: number[] = [];
        for (let at = aim - 26 * HOUR_MS; at <= aim + 26 * HOUR_MS; at += HOUR_MS / 4) {
          if (wallClock(at, zone) === text) shows.push(at);
        }
        seen[shows.length === 0 ? "skipped" : shows.length === 1 ? "plain" : "twice"]++;
        if (shows.length > 0) expect(found).toBe(shows[0]);
        else expect(wallClock(found, zone) > text).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(3);
  });

  it("refuses what is no date and time", () => {
    expect(() => zoneCalendar("Europe/Berlin").toInstant("2026-13-01T08:00")).toThrow(RangeError);
  });
});

describe("nextSlot", () => {
  it.each([
    ["Europe/Berlin", "2026-03-16T08:00:00.000Z", "2026-03-16T08:00:00.000Z"],
    ["Europe/Berlin", "2026-03-16T08:00:00.001Z", "2026-03-16T09:00:00.000Z"],
    ["Asia/Kolkata", "2026-03-16T08:00:00.000Z", "2026-03-16T08:30:00.000Z"],
    ["Asia/Kathmandu", "2026-03-16T08:00:00.000Z", "2026-03-16T08:15:00.000Z"],
    // 01:45 of Lord Howe on the day on which 02:00 becomes 02:30: the next full hour is 03:00, 45 minutes later.
    ["Australia/Lord_Howe", "2026-10-03T15:15:00.000Z", "2026-10-03T16:00:00.000Z"],
    // Countries that moved by half an hour for good: 02:30 became 03:00, and 23:30 became midnight.
    ["America/Caracas", "2016-05-01T06:50:00.000Z", "2016-05-01T07:00:00.000Z"],
    ["Asia/Pyongyang", "2018-05-04T14:31:00.000Z", "2018-05-04T15:00:00.000Z"],
  ])("of %s after %s is %s", (zone, at, slot) => {
    expect(new Date(zoneCalendar(zone).nextSlot(Date.parse(at))).toISOString()).toBe(slot);
  });

  it("is the first full local hour at or after the instant, across every change of clocks", () => {
    const seen = { change: 0, exact: 0, halfHour: 0 };
    const changes = [
      "2026-03-29T01:00Z",
      "2026-10-25T01:00Z",
      "2026-03-08T07:00Z",
      "2026-11-01T06:00Z",
      "2026-04-04T15:00Z",
      "2026-10-03T15:30Z",
    ];
    const instant = fc.oneof(
      fc
        .tuple(fc.constantFrom(...changes), fc.integer({ min: -150, max: 150 }))
        .map(([at, minutes]) => Date.parse(at) + minutes * 60_000),
      fc.integer({ min: Date.parse("2026-01-01"), max: Date.parse("2027-01-01") }),
      fc.integer({ min: 0, max: 8_760 }).map((hours) => Date.parse("2026-01-01") + hours * HOUR_MS),
    );
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instant, (zone, at) => {
        const slot = zoneCalendar(zone).nextSlot(at);
        let expected = Math.ceil(at / 60_000) * 60_000;
        while (!wallClock(expected, zone).endsWith(":00")) expected += 60_000;
        if (changes.some((change) => Math.abs(Date.parse(change) - at) < 2 * HOUR_MS)) seen.change++;
        if (slot === at) seen.exact++;
        if (slot % HOUR_MS !== 0) seen.halfHour++;
        expect(new Date(slot).toISOString()).toBe(new Date(expected).toISOString());
      }),
      { numRuns: 600 },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(5);
  });
});

describe("format", () => {
  const berlin = zoneCalendar("Europe/Berlin");
  const at = Date.parse("2026-03-16T08:00Z");

  it.each([
    ["en", "Monday, 16 March 2026, 09:00 (Europe/Berlin)"],
    ["de", "Montag, 16. März 2026, 09:00 (Europe/Berlin)"],
    ["en-US", "Monday, March 16, 2026, 09:00 (Europe/Berlin)"],
    ["not a language", "Monday, 16 March 2026, 09:00 (Europe/Berlin)"],
  ])("in %s names weekday, date, time and zone", (language, text) => {
    // Editions of ICU differ in the comma behind an English weekday.
    expect(berlin.format(at, language).replace(/^Monday 16/u, "Monday, 16")).toBe(text);
  });

  it("says midnight as 00:00 of the day that begins", () => {
    expect(berlin.format(Date.parse("2026-03-15T23:00Z"), "de")).toBe("Montag, 16. März 2026, 00:00 (Europe/Berlin)");
  });

  it("gives the offset in tables", () => {
    expect(berlin.formatIso(at)).toBe("2026-03-16T09:00+01:00");
  });
});

it("a zone that is none fails at once", () => {
  expect(() => zoneCalendar("Mars/Phobos")).toThrow(RangeError);
});
