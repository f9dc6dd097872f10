// One row of a tenant file → one user, with what the file leaves out filled in.
import { deriveGuid, hash32 } from "../../domain/hash.ts";
import type { RegistrationHabit, TenantUser } from "../../domain/tenant-user.ts";
import type { FaultList, Place } from "./fault-list.ts";
import type { SourceColumn } from "./tenant-columns.ts";
import * as read from "./tenant-values.ts";
import type { TenantCell } from "./tenant-values.ts";

export interface TenantRow {
  readonly place: Place;
  /** Only cells with something in them. */
  readonly cells: ReadonlyMap<SourceColumn, TenantCell>;
}

/** What the whole file says, for rows that say nothing themselves. */
export interface RowDefaults {
  /** The file tells addresses, so a row without one has no mailbox. */
  readonly knowsMail: boolean;
}

interface CellReader {
  /** What the cell says; `fallback` where there is none, or after a fault. */
  read<Value, Fallback>(
    column: SourceColumn,
    readCell: (cell: TenantCell, column: string, faults: FaultList) => Value | undefined,
    fallback: Fallback,
  ): Value | Fallback;
  isSound(): boolean;
}

function createCellReader(row: TenantRow, faults: FaultList): CellReader {
  let sound = true;
  return {
    read(column, readCell, fallback) {
      const found = row.cells.get(column);
      if (found === undefined) return fallback;
      const value = readCell(found, column, faults);
      if (value === undefined) sound = false;
      return value ?? fallback;
    },
    isSound: () => sound,
  };
}

/** `undefined` when the row has a fault, or no name. Every cell is read, so that all faults are found. */
export function readRow(row: TenantRow, defaults: RowDefaults, faults: FaultList): TenantUser | undefined {
  const cells = createCellReader(row, faults);
  const name = cells.read("userPrincipalName", read.readUserPrincipalName, undefined);
  const id = cells.read("id", read.readGuid, undefined);
  const displayName = cells.read("displayName", read.readText, undefined);
  const userType = cells.read("userType", read.readUserType, isGuestName(name ?? "") ? "Guest" : "Member");
  const mail =
    cells.read("mail", read.readAddress, null) ?? cells.read("proxyAddresses", read.readPrimaryAddress, null);
  const location = cells.read("usageLocation", read.readText, "");
  const isBlocked = cells.read("blockCredential", read.readBoolean, false);
  const habit = cells.read("registration", read.readRegistration, undefined);
  const rest = {
    department: cells.read("department", read.readText, null),
    country: cells.read("country", read.readText, null),
    preferredLanguage: cells.read("preferredLanguage", read.readLanguage, null),
    accountEnabled: cells.read("accountEnabled", read.readBoolean, !isBlocked),
    mfaState: cells.read("mfaState", read.readMfaState, "disabled" as const),
  };
  if (!cells.isSound() || name === undefined) return undefined;

  return {
    ...rest,
    id: id ?? deriveGuid(name.toLowerCase()),
    userPrincipalName: name,
    displayName: displayName ?? name.slice(0, name.lastIndexOf("@")),
    mail: mail ?? (defaults.knowsMail || userType === "Guest" ? null : name),
    usageLocation: countryCodeOf(location),
    userType,
    registration: habit ?? inventHabit(name.toLowerCase()),
  };
}

/** Some exports spell the country out here. Nothing depends on it, so it is no reason to refuse a file. */
function countryCodeOf(location: string): string | null {
  return /^[A-Za-z]{2}$/u.test(location) ? location.toUpperCase() : null;
}

function isGuestName(name: string): boolean {
  return name.toUpperCase().includes("#EXT#");
}

const HABIT_SEED = 0x6d6661;

/**
 * A plausible tenant: 40 % have registered, 8 % by phone only, 8 % never will, the others do within ten days. The same name
 * always does the same.
 */
function inventHabit(name: string): RegistrationHabit {
  const percent = hash32(name, HABIT_SEED) % 100;
  if (percent < 40) return { kind: "usable" };
  if (percent < 48) return { kind: "phone-only" };
  if (percent < 56) return { kind: "never" };
  return { kind: "after-notice", days: 1 + (hash32(name, HABIT_SEED + 1) % 10) };
}
