// Points in time and spans. All arithmetic is in whole milliseconds; zones and calendars are `shared/calendar`'s business.

/** Milliseconds since 1970-01-01T00:00:00Z. Always a whole number. */
export type Instant = number;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Later than everything: a hold that only a person ends, a step that is not due. */
export const FAR_FUTURE: Instant = Date.UTC(9999, 11, 31);
