// Local time of one zone. The domain only knows instants; whoever needs "08:00 in Berlin" or "the next full hour" asks here.
// Adapter: shared/calendar/zone-calendar.ts.
import type { Instant } from "../domain/instant.ts";

export interface Calendar {
  /** IANA name, as it is printed to people. */
  readonly timeZone: string;
  /**
   * The instant of a local date and time without offset, `2026-03-02T08:00`. A time that the clocks skip moves forward by
   * the gap; a time that comes twice is the first one.
   *
   * @throws RangeError when the text is no such date and time: the spec's codec lets none pass
   */
  toInstant(localDateTime: string): Instant;
  /** The next full local hour at or after `at`: never earlier, so that what rests on it is never shortened. */
  nextSlot(at: Instant): Instant;
  /** `Monday, 16 March 2026, 09:00 (Europe/Berlin)`, in `language` (a BCP 47 tag; a malformed one is read as English). */
  format(at: Instant, language: string): string;
  /** `2026-03-16T09:00+01:00`: local time with its offset, for tables and logs. */
  formatIso(at: Instant): string;
}
