// The calendar of one zone, on Temporal: clocks go forward and back, and some zones are half an hour off.
import { Temporal } from "temporal-polyfill";
import type { Instant } from "../domain/instant.ts";
import type { Calendar } from "../ports/calendar.ts";

/** @throws RangeError when `timeZone` is no zone: the spec's codec lets none pass */
export function zoneCalendar(timeZone: string): Calendar {
  const local = (at: Instant): Temporal.ZonedDateTime =>
    Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  local(0); // an unknown zone fails here, and not at the first notice
  return {
    timeZone,
    toInstant(localDateTime) {
      // "compatible": what the clocks skip moves forward by the gap, what comes twice is the first.
      return Temporal.PlainDateTime.from(localDateTime).toZonedDateTime(timeZone, { disambiguation: "compatible" })
        .epochMilliseconds;
    },
    nextSlot: (at) => nextFullHour(local(at)),
    format: (at, language) => formatLong(at, timeZone, language),
    formatIso: (at) => local(at).toString({ smallestUnit: "minute", timeZoneName: "never" }),
  };
}

const MINUTE_MS = 60_000;

/**
 * Walks in instants, not in wall time: rounding the wall time would meet a gap or a doubled hour, and could go back. A clock
 * shows a full hour at least every two hours, whatever its zone does; all offsets since 1972 are whole minutes.
 */
function nextFullHour(at: Temporal.ZonedDateTime): Instant {
  const past = at.second * 1_000 + at.millisecond;
  let slot = at.epochMilliseconds + (past === 0 ? 0 : MINUTE_MS - past);
  for (let steps = 0; steps < 4; steps++) {
    const { minute } = Temporal.Instant.fromEpochMilliseconds(slot).toZonedDateTimeISO(at.timeZoneId);
    if (minute === 0) return slot;
    slot = firstOfHourOrChange(slot, 60 - minute, at.timeZoneId);
  }
  throw new Error(`no full hour after ${at.toString()}`);
}

/** `minutes` later, unless the zone's offset changes on the way: a clock moved by half an hour may show a full hour earlier. */
function firstOfHourOrChange(from: Instant, minutes: number, timeZone: string): Instant {
  const aim = from + minutes * MINUTE_MS;
  const change = Temporal.Instant.fromEpochMilliseconds(from)
    .toZonedDateTimeISO(timeZone)
    .getTimeZoneTransition("next");
  const changeAt = change?.epochMilliseconds ?? Infinity;
  return Math.min(aim, changeAt);
}

function formatLong(at: Instant, timeZone: string, language: string): string {
  const parts = { timeZone, weekday: "long", day: "numeric", month: "long", year: "numeric" } as const;
  const time = { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const tag = languageTag(language);
  const date = new Intl.DateTimeFormat(tag, parts).format(at);
  const hour = new Intl.DateTimeFormat(tag, time).format(at);
  return `${date}, ${hour} (${timeZone})`;
}

/** "en" is British here: 16 March cannot be read as a month and a day the wrong way round. A malformed tag is English. */
function languageTag(language: string): string {
  if (language.toLowerCase() === "en") return "en-GB";
  try {
    return Intl.getCanonicalLocales(language)[0] ?? "en-GB";
  } catch (error) {
    if (error instanceof RangeError) return "en-GB";
    throw error;
  }
}
