// NCRONTAB as Azure's timer trigger reads it, computed by croner. Six fields; both day fields restricted means AND. Five
// fields, which Azure takes without seconds, are refused: a forgotten field runs sixty times less often, silently.
import { Cron } from "croner";

export interface Schedule {
  /** The first tick strictly after `from`; null when there is none for years. */
  next(from: number): number | null;
  /** Fires more than once a minute: Azure then keeps no schedule status. */
  readonly isSubMinute: boolean;
}

/** croner takes more than NCRONTAB: `L W # ?` and 7 for Sunday. */
const CHARACTERS = /^[0-9A-Za-z*,/\- ]+$/;
const NAMES = /^(?:[0-9*,/-]|SUN|MON|TUE|WED|THU|FRI|SAT|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)+$/i;

export function parseSchedule(text: string): Schedule | { readonly fault: string } {
  const trimmed = text.trim();
  if (!CHARACTERS.test(trimmed)) return { fault: "only digits, names, * , - and / are allowed" };
  const fields = trimmed.split(/ +/);
  if (fields.length !== 6) {
    return {
      fault: `six fields are needed (second minute hour day month day-of-week), there are ${String(fields.length)}`,
    };
  }
  const unknown = fields.find((field) => !NAMES.test(field));
  if (unknown !== undefined) return { fault: `"${unknown}" is no number, range, step or name` };
  if (/(?<!\/)\b7\b/.test(fields[5] ?? "")) return { fault: "Sunday is 0, not 7" };
  try {
    const cron = new Cron(trimmed, { mode: "6-part", domAndDow: true, timezone: "UTC" });
    const next = (from: number): number | null => cron.nextRun(new Date(from))?.getTime() ?? null;
    return { next, isSubMinute: /[*,/-]/.test(fields[0] ?? "") };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
