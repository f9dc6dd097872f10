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

/** `undefined` when the row has a fault, or no name. Every cell is read, so that all faults are found. */
export function readRow(row: TenantRow, defaults: RowDefaults, faults: FaultList): TenantUser | undefined {
  let sound = true;
  const cell = <Value, Fallback>(
    column: SourceColumn,
    readCell: (cell: TenantCell, column: string, faults: FaultList) => Value | undefined,
    fallback: Fallback,
  ): Value | Fallback => {
    const found = row.cells.get(column);
    if (found === undefined) return fallback;
    const value = readCell(found, column, faults);
    if (value === undefined) sound = false;
    return value ?? fallback;
  };

  const name = cell("userPrincipalName", read.readUserPrincipalName, undefined);
  const id = cell("id", read.readGuid, undefined);
  const isGuest = name?.toUpperCase().includes("#EXT#") ?? false;
  const userType = cell("userType", read.readUserType, isGuest ? ("Guest" as const) : ("Member" as const));
  const mail = cell("mail", read.readAddress, null) ?? cell("proxyAddresses", read.readPrimaryAddress, null);
  const blocked = cell("blockCredential", read.readBoolean, false);
  const location = cell("usageLocation", read.readText, null);
  const rest = {
    displayName: cell("displayName", read.readText, undefined),
    department: cell("department", read.readText, null),
    country: cell("country", read.readText, null),
    preferredLanguage: cell("preferredLanguage", read.readLanguage, null),
    accountEnabled: cell("accountEnabled", read.readBoolean, !blocked),
    registration: cell("registration", read.readRegistration, undefined),
    mfaState: cell("mfaState", read.readMfaState, "disabled" as const),
  };
  if (!sound || name === undefined) return undefined;

  const derived = deriveGuid(name.toLowerCase());
  return {
    ...rest,
    id: id ?? derived,
    userPrincipalName: name,
    displayName: rest.displayName ?? name.slice(0, name.lastIndexOf("@")),
    mail: mail ?? (defaults.knowsMail || userType === "Guest" ? null : name),
    // Some exports spell the country out here. Nothing depends on it, so it is no reason to refuse a file.
    usageLocation: location !== null && /^[A-Za-z]{2}$/u.test(location) ? location.toUpperCase() : null,
    userType,
    registration: rest.registration ?? inventHabit(name.toLowerCase()),
  };
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
