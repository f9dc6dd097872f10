// Which columns a tenant file may have, and under which names the admin centres export them.
import { didYouMean } from "../../domain/did-you-mean.ts";
import { shown, suggestion } from "./fault-list.ts";
import type { FaultList, Place } from "./fault-list.ts";

export const COLUMNS = [
  "userPrincipalName",
  "id",
  "displayName",
  "mail",
  "department",
  "country",
  "usageLocation",
  "preferredLanguage",
  "userType",
  "accountEnabled",
  "registration",
  "mfaState",
] as const;
export type Column = (typeof COLUMNS)[number];

/** The Microsoft 365 admin centre's export has no `mail` and no `accountEnabled`, but these. */
export type SourceColumn = Column | "blockCredential" | "proxyAddresses";

const NAMES: ReadonlyMap<string, SourceColumn> = new Map<string, SourceColumn>([
  ...COLUMNS.map((column): [string, SourceColumn] => [bare(column), column]),
  ["objectid", "id"],
  ["blockcredential", "blockCredential"],
  ["proxyaddresses", "proxyAddresses"],
]);

export interface Heading {
  readonly text: string;
  readonly place: Place;
}

export interface MatchedColumns {
  /** One for each heading; `undefined`: not used. */
  readonly columns: readonly (SourceColumn | undefined)[];
  readonly ignored: readonly string[];
}

/** Headings → columns, in any case and with or without spaces ("User principal name"). */
export function matchColumns(headings: readonly Heading[], faults: FaultList): MatchedColumns {
  const placeOf = new Map<SourceColumn, Place>();
  const ignored: string[] = [];
  const columns = headings.map(({ text, place }) => {
    const column = columnNamed(text);
    if (column === undefined) {
      if (text.trim() !== "") ignored.push(text.trim());
      return undefined;
    }
    const first = placeOf.get(column);
    if (first !== undefined) {
      const what = `The column ${column} stands here a second time (first at ${first.line}:${first.column}).`;
      faults.add(place, what, DELETE_ONE);
      return undefined;
    }
    placeOf.set(column, place);
    return column;
  });
  return { columns, ignored };
}

const DELETE_ONE = "Delete or rename one of the two.";

export function columnNamed(text: string): SourceColumn | undefined {
  return NAMES.get(bare(text));
}

/** One note for all columns that are not used: an export of the admin centre has twenty of them. */
export function noteOfIgnored(where: string, ignored: readonly string[]): readonly string[] {
  const distinct = [...new Set(ignored)];
  if (distinct.length === 0) return [];
  const words = distinct.map((name) => {
    const meant = didYouMean(name, COLUMNS);
    return meant === undefined ? shown(name) : `${shown(name)} (did you mean "${meant}"?)`;
  });
  return [`${where}: not used: ${words.join(", ")}.`];
}

/** @param headings what stands in the first line, or the keys of the first object */
export function faultOfMissingName(headings: readonly Heading[], faults: FaultList): void {
  const place = headings[0]?.place ?? { line: 1, column: 1 };
  const words = headings.map(({ text }) => text.trim());
  if (words.some((word) => word.includes("@"))) {
    faults.add(
      place,
      "The first line is a user and not the names of the columns.",
      "Put a first line above it, e.g. userPrincipalName,displayName,mail,department.",
    );
    return;
  }
  const meant = words.find((word) => didYouMean(word, COLUMNS) === "userPrincipalName");
  const found = words.length === 0 ? "" : ` Found: ${words.slice(0, 12).map(shown).join(", ")}.`;
  faults.add(
    headings.find(({ text }) => text.trim() === meant)?.place ?? place,
    `The column userPrincipalName is missing.${found}`,
    meant === undefined
      ? "Add it: each row needs the name with which the person signs in, e.g. anna.berg@contoso.example."
      : `Rename ${shown(meant)}.${suggestion("userPrincipalName")}`,
  );
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/gu, "");
}
