// Table `snapshots`: the registration report as last read, compact, a cache. What differs from it is what changed.
import type { Instant } from "../domain/instant.ts";
import type { UserId } from "../domain/names.ts";
import type { RegistrationValue } from "../domain/registration.ts";

export interface Snapshot {
  /** When the report's rows were computed; 0 = there is none. */
  readonly reportAt: Instant;
  readonly registrations: ReadonlyMap<UserId, RegistrationValue>;
}

export interface SnapshotStore {
  read(): Promise<Snapshot>;
  write(snapshot: Snapshot): Promise<void>;
}
