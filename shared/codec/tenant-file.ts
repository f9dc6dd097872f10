// A tenant file (CSV or JSON) → users. Everything that is wrong with it is said at once, each with line and column; what is
// merely not used becomes a note.
import type { TenantUser } from "../domain/tenant-user.ts";
import { readCsv } from "./input/csv-rows.ts";
import { createPlaceFinder, decodeText } from "./input/decode-text.ts";
import { createFaultList, shown } from "./input/fault-list.ts";
import type { FaultList } from "./input/fault-list.ts";
import { readJson } from "./input/json-nodes.ts";
import type { JsonMember, JsonNode } from "./input/json-nodes.ts";
import { columnNamed, faultOfMissingName, matchColumns, noteOfIgnored } from "./input/tenant-columns.ts";
import type { SourceColumn } from "./input/tenant-columns.ts";
import { readRow } from "./input/tenant-row.ts";
import type { TenantRow } from "./input/tenant-row.ts";
import type { TenantCell } from "./input/tenant-values.ts";

export interface TenantFile {
  readonly users: TenantUser[];
  readonly notes: string[];
}

interface Rows {
  readonly rows: readonly TenantRow[];
  readonly columns: ReadonlySet<SourceColumn>;
  readonly ignored: readonly string[];
}

const SAVE_AS = 'In Excel: File, Save As, file type "CSV UTF-8 (Comma delimited) (*.csv)".';
const START = { line: 1, column: 1 };

/**
 * @param where the file's name, as faults and notes print it
 * @throws UserFault with all faults
 */
export function parseTenantFile(bytes: Uint8Array, where: string): TenantFile {
  const faults = createFaultList(where);
  const text = decodeText(bytes, SAVE_AS, faults)?.text;
  faults.throwIfAny();
  if (text === undefined || text.trim() === "") {
    faults.add(START, "The file is empty.", "Expected a line with column names, and a line for each user.");
    faults.throwIfAny();
    return { users: [], notes: [] };
  }

  const isJson = /^\s*[[{]/u.test(text);
  const { rows, columns, ignored } = isJson ? jsonRows(text, faults) : csvRows(text, faults);
  const knowsMail = columns.has("mail") || columns.has("proxyAddresses");
  const users = rows.flatMap((row) => readRow(row, { knowsMail }, faults) ?? []);
  addFaultsOfTwins(rows, faults);
  if (rows.length === 0 && faults.isEmpty()) {
    faults.add(START, "The file names no user.", "Expected at least one user.");
  }
  faults.throwIfAny();
  return { users, notes: notesOf(where, columns, ignored) };
}

function csvRows(text: string, faults: FaultList): Rows {
  const table = readCsv(text, faults);
  const [headings = [], ...lines] = table.rows;
  const { columns, ignored } = matchColumns(headings, faults);
  if (!columns.includes("userPrincipalName")) faultOfMissingName(headings, faults);

  const rows = lines.map((line): TenantRow => {
    const cells: TenantRow["cells"] = new Map(
      line.flatMap(({ text: value, place }, index) => {
        const column = columns[index];
        return column === undefined || value.trim() === "" ? [] : [[column, { value, place }] as const];
      }),
    );
    const place = line[0]?.place ?? START;
    const extra = line.slice(headings.length).find((cell) => cell.text.trim() !== "");
    if (extra !== undefined) {
      const what = `The row has ${line.length} cells, but there are ${headings.length} columns.`;
      faults.add(extra.place, what, `Put a cell that holds a ${shown(table.delimiter)} in quotes, or delete the cell.`);
    }
    if (columns.includes("userPrincipalName") && !cells.has("userPrincipalName")) faultOfNoName(place, faults);
    return { place, cells };
  });
  return { rows, columns: usedColumns(columns), ignored };
}

function jsonRows(text: string, faults: FaultList): Rows {
  const none: Rows = { rows: [], columns: new Set(), ignored: [] };
  const result = readJson(text);
  if (result.kind === "malformed") {
    faults.add(result.place, result.what, result.fix);
    return none;
  }
  const placeOf = createPlaceFinder(text);
  const list = userList(result.node, placeOf, faults);
  if (list === undefined) return none;

  const columns = new Set<SourceColumn>();
  const ignored: string[] = [];
  const rows = list.flatMap((node): TenantRow[] => {
    const place = placeOf(node.offset);
    if (node.kind !== "object") {
      faults.add(
        place,
        `A user is ${nounOf(node)}.`,
        'Expected an object, e.g. {"userPrincipalName": "anna@contoso.example"}.',
      );
      return [];
    }
    const headings = node.members.map(({ key, keyOffset }) => ({ text: key, place: placeOf(keyOffset) }));
    const matched = matchColumns(headings, faults);
    ignored.push(...matched.ignored);
    const used = usedColumns(matched.columns);
    for (const column of used) columns.add(column);
    if (!used.has("userPrincipalName"))
      faultOfMissingName(headings.length > 0 ? headings : [{ text: "", place }], faults);
    return [{ place, cells: jsonCells(node.members, matched.columns, placeOf, faults) }];
  });
  return { rows, columns, ignored };
}

function jsonCells(
  members: readonly JsonMember[],
  columns: readonly (SourceColumn | undefined)[],
  placeOf: ReturnType<typeof createPlaceFinder>,
  faults: FaultList,
): TenantRow["cells"] {
  const cells = new Map<SourceColumn, { value: string | number | boolean; place: ReturnType<typeof placeOf> }>();
  for (const [index, { value: node }] of members.entries()) {
    const column = columns[index];
    if (column === undefined) continue;
    const place = placeOf(node.offset);
    if (node.kind !== "value") {
      faults.add(place, `${column} is ${nounOf(node)}.`, "Expected one value.");
    } else if (node.value !== null && (typeof node.value !== "string" || node.value.trim() !== "")) {
      cells.set(column, { value: node.value, place });
    } else if (column === "userPrincipalName") {
      faultOfNoName(place, faults);
    }
  }
  return cells;
}

/** An array of users, or what Graph answers: `{"value": [ … ]}`. */
function userList(
  node: JsonNode,
  placeOf: ReturnType<typeof createPlaceFinder>,
  faults: FaultList,
): readonly JsonNode[] | undefined {
  if (node.kind === "array") return node.items;
  const members = node.kind === "object" ? node.members : [];
  const next = members.find(({ key }) => key === "@odata.nextLink");
  if (next !== undefined) {
    // Half a tenant looks like a whole one, and whoever is on the other pages would be missed in silence.
    const fix = "Fetch all pages and join their users in one array.";
    faults.add(placeOf(next.keyOffset), "This is one page of an answer that has more.", fix);
  }
  const value = members.find(({ key }) => key === "value")?.value;
  if (value?.kind === "array") return value.items;
  const nearest = members.find(({ key }) => columnNamed(key) !== undefined);
  const hint = nearest === undefined ? "" : " Put [ and ] around it.";
  faults.add(placeOf(node.offset), `The file is ${nounOf(node)}.`, `Expected an array of users.${hint}`);
  return undefined;
}

/** Of rows with other faults too: whoever mends those must not meet the twin afterwards. */
function addFaultsOfTwins(rows: readonly TenantRow[], faults: FaultList): void {
  const byName = new Map<string, TenantCell>();
  const byId = new Map<string, TenantCell>();
  for (const { cells } of rows) {
    const name = cells.get("userPrincipalName");
    const id = cells.get("id");
    const sameName = name && twinOf(name, String(name.value).trim().toLowerCase(), byName);
    const sameId = id && twinOf(id, String(id.value).trim().toLowerCase(), byId);
    if (name !== undefined && sameName !== undefined) {
      const first = `${shown(sameName.value)} in line ${sameName.place.line}`;
      const what = `${shown(name.value)} is the same user as ${first}: upper and lower case do not differ.`;
      faults.add(name.place, what, TWIN);
    } else if (id !== undefined && sameId !== undefined) {
      faults.add(id.place, `The id ${shown(id.value)} stands in line ${sameId.place.line} already.`, TWIN);
    }
  }
}

function twinOf(cell: TenantCell, key: string, firstByKey: Map<string, TenantCell>): TenantCell | undefined {
  const first = firstByKey.get(key);
  if (first === undefined) firstByKey.set(key, cell);
  return first;
}

const TWIN = "Expected each user once. Delete one of the two.";

function faultOfNoName(place: { line: number; column: number }, faults: FaultList): void {
  const fix = "Expected the sign-in name, e.g. anna.berg@contoso.example; or delete the row.";
  faults.add(place, "userPrincipalName is empty.", fix);
}

function notesOf(where: string, columns: ReadonlySet<SourceColumn>, ignored: readonly string[]): string[] {
  const notes = [...noteOfIgnored(where, ignored)];
  if (!columns.has("mail") && !columns.has("proxyAddresses")) {
    notes.push(`${where}: no column mail: members are taken to have their userPrincipalName as address.`);
  }
  if (!columns.has("registration")) {
    notes.push(`${where}: no column registration: how the simulated people register is made up from their names.`);
  }
  return notes;
}

function usedColumns(columns: readonly (SourceColumn | undefined)[]): ReadonlySet<SourceColumn> {
  return new Set(columns.filter((column) => column !== undefined));
}

function nounOf(node: JsonNode): string {
  if (node.kind !== "value") return node.kind === "array" ? "an array" : "an object";
  return node.value === null
    ? "null"
    : `${shown(node.value)}, a ${typeof node.value === "string" ? "text" : typeof node.value}`;
}
