// A local date and time without offset, as a spec gives a wave's start. The zone stands elsewhere in the spec, and a date
// that no calendar has is refused here, where its line is known.

export type LocalDateTime =
  | { readonly kind: "valid"; readonly text: string }
  | { readonly kind: "invalid"; readonly what: string; readonly fix: string };

const EXAMPLE = "e.g. 2026-03-02T08:00";
const FORM = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::00(?:\.0+)?)?$/u;

/** `name` is what the text is called in the fault. The answer is cut to minutes: `2026-03-02T08:00`. */
export function readLocalDateTime(text: string, name: string): LocalDateTime {
  const parts = FORM.exec(text);
  if (parts === null) return invalid(`${name} is ${JSON.stringify(text)}.`, fixOfForm(text));
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts.slice(1).map(Number);
  // A year like 0206 is a slip of the fingers, and long past years make every deadline pass at once.
  if (year < 2000 || year > 2199)
    return invalid(`${name} names the year ${year}.`, "Expected a year from 2000 to 2199.");
  if (hour > 23 || minute > 59) {
    return invalid(`${name} names the time ${hour}:${String(minute).padStart(2, "0")}.`, "Expected 00:00 to 23:59.");
  }
  return faultOfDay({ year, month, day }, text.slice(0, 7), name) ?? { kind: "valid", text: text.slice(0, 16) };
}

function faultOfDay(
  date: { readonly year: number; readonly month: number; readonly day: number },
  yearAndMonth: string,
  name: string,
): LocalDateTime | undefined {
  const { year, month, day } = date;
  const days = daysOf(year, month);
  if (days === 0) return invalid(`${name} names month ${month}.`, `Expected a month from 01 to 12, ${EXAMPLE}.`);
  if (day >= 1 && day <= days) return undefined;
  return invalid(
    `${name} names day ${day}, but ${yearAndMonth} has ${days} days.`,
    `Expected a day from 01 to ${days}.`,
  );
}

function fixOfForm(text: string): string {
  if (/(?:Z|[+-]\d{2}:?\d{2})$/iu.test(text) && text.includes(":")) {
    return `Expected local time without an offset, ${EXAMPLE}: timeZone says the zone. Delete the Z or offset.`;
  }
  if (/^\d{4}-\d{2}-\d{2}$/u.test(text)) return `Expected a time too: ${text}T08:00.`;
  if (/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}/u.test(text))
    return `Expected a T between date and time: ${text.replace(" ", "T")}.`;
  // 03.04.2026 is April in Berlin and 03/04/2026 is March in Boston: not guessed.
  return `Expected year-month-dayThour:minute, local time, ${EXAMPLE}.`;
}

function daysOf(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

function invalid(what: string, fix: string): LocalDateTime {
  return { kind: "invalid", what, fix };
}
