// Columns as JSON text, as the memory tables keep them.
import type { Columns } from "../domain/journal.ts";

/** The text is the store's own: written by JSON.stringify from columns. */
export function parseColumns(text: string): Columns {
  return JSON.parse(text) as Columns;
}
