// The answer of the HTTP function `progress`: instants as ISO text.
import type { Columns } from "../domain/journal.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const INSTANTS: ReadonlySet<string> = new Set([
  "now",
  "at",
  "startAt",
  "openedAt",
  "nextLook",
  "graph-write",
  "graph-read",
  "mail",
  "reports",
]);

/** Numbers under the names of instants become ISO text; all else stays. */
export function formatProgressView(view: object): Json {
  return JSON.parse(
    JSON.stringify(view, (name, value: Columns[string] | null | object) =>
      INSTANTS.has(name) && typeof value === "number" ? new Date(value).toISOString() : value,
    ),
  ) as Json;
}
