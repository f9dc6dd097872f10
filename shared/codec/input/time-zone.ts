// Is this the IANA name of a time zone? Offsets and abbreviations are refused: they keep no summer time, or mean several zones.
import { didYouMean } from "../../domain/did-you-mean.ts";
import { suggestion } from "./fault-list.ts";

export type TimeZoneName =
  | { readonly kind: "valid"; readonly timeZone: string }
  | { readonly kind: "invalid"; readonly what: string; readonly fix: string };

const EXAMPLE = 'Expected an IANA name, e.g. "Europe/Berlin", "America/New_York" or "UTC".';

// Source: Unicode CLDR, windowsZones.xml, territory 001; those that an administrator in a small list of regions would copy.
const BY_WINDOWS_NAME: Readonly<Record<string, string>> = {
  "w. europe standard time": "Europe/Berlin",
  "central europe standard time": "Europe/Budapest",
  "central european standard time": "Europe/Warsaw",
  "romance standard time": "Europe/Paris",
  "gmt standard time": "Europe/London",
  "eastern standard time": "America/New_York",
  "central standard time": "America/Chicago",
  "mountain standard time": "America/Denver",
  "pacific standard time": "America/Los_Angeles",
  "india standard time": "Asia/Kolkata",
  "tokyo standard time": "Asia/Tokyo",
  "aus eastern standard time": "Australia/Sydney",
};

export function readTimeZone(text: string): TimeZoneName {
  const what = `timeZone is ${JSON.stringify(text)}`;
  const windows = BY_WINDOWS_NAME[text.toLowerCase()];
  if (windows !== undefined) return invalid(`${what}, a name of Windows.`, `${EXAMPLE} Did you mean "${windows}"?`);
  if (/^(?:utc|gmt)?[+-]\d/iu.test(text)) return invalid(`${what}, an offset, which keeps no summer time.`, EXAMPLE);
  if (!text.includes("/") && text !== "UTC") {
    const near =
      didYouMean(text, ["UTC"]) ?? Intl.supportedValuesOf("timeZone").find((zone) => cityOf(zone) === bare(text));
    const why = isKnown(text) ? ", which is no place: it keeps no summer time, or means several zones." : ".";
    return invalid(`${what}${why}`, `${EXAMPLE}${suggestion(near)}`);
  }
  if (!isKnown(text)) {
    const near = didYouMean(text, Intl.supportedValuesOf("timeZone"));
    return invalid(`${what}, which no time zone has as its name.`, `${EXAMPLE}${suggestion(near)}`);
  }
  // "europe/berlin" is understood and printed as people know it; an old name such as Asia/Calcutta stays as it is written.
  const known = Intl.supportedValuesOf("timeZone").find((zone) => zone.toLowerCase() === text.toLowerCase());
  return { kind: "valid", timeZone: known ?? text };
}

function isKnown(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function cityOf(zone: string): string {
  return bare(zone.slice(zone.lastIndexOf("/") + 1));
}

function bare(text: string): string {
  return text.toLowerCase().replace(/[\s_]/gu, "");
}

function invalid(what: string, fix: string): TimeZoneName {
  return { kind: "invalid", what, fix };
}
