// UserIndex, PeopleStore and SnapshotStore over entity tables.
import { rangeOf } from "../codec/batch-rows.ts";
import {
  formatPerson,
  formatPlace,
  formatSnapshotPart,
  formatSnapshotHead,
  parsePerson,
  parsePlace,
  parseSnapshotPart,
  parseSnapshotHead,
  userPartition,
} from "../codec/user-rows.ts";
import { slice } from "../domain/slice.ts";
import { Conflict } from "../ports/errors.ts";
import type { PeopleStore, Person, UserIndex, UserPlace } from "../ports/people-stores.ts";
import type { Snapshot, SnapshotStore } from "../ports/snapshot-store.ts";
import type { EntityTable } from "../ports/entity-table.ts";
import { queryAll, TRANSACTION_MAX } from "./query-all.ts";

export class TableUserIndex implements UserIndex {
  readonly #table: EntityTable;
  readonly #tenant: string;

  constructor(table: EntityTable, tenant: string) {
    this.#table = table;
    this.#tenant = tenant;
  }

  async claim(places: readonly UserPlace[]): Promise<readonly UserPlace[]> {
    const taken: UserPlace[] = [];
    for (const [partition, group] of groupBy(places, ({ userId }) => userPartition(this.#tenant, userId))) {
      for (const part of slice(group, TRANSACTION_MAX)) {
        try {
          await this.#table.transact(
            partition,
            part.map((place) => ({ kind: "create", row: place.userId, columns: formatPlace(place) })),
          );
        } catch (error) {
          if (!(error instanceof Conflict)) throw error;
          for (const place of part) taken.push(...(await this.#claimOne(partition, place)));
        }
      }
    }
    return taken;
  }

  async #claimOne(partition: string, place: UserPlace): Promise<readonly UserPlace[]> {
    const there = await this.find(place.userId);
    if (there === null) {
      await this.#table.transact(partition, [{ kind: "create", row: place.userId, columns: formatPlace(place) }]);
      return [];
    }
    return JSON.stringify(formatPlace(there)) === JSON.stringify(formatPlace(place)) ? [] : [there];
  }

  async find(userId: string): Promise<UserPlace | null> {
    const row = await this.#table.get(userPartition(this.#tenant, userId), userId);
    return row === null ? null : { userId, ...parsePlace(row.columns) };
  }
}

export class TablePeopleStore implements PeopleStore {
  readonly #table: EntityTable;
  readonly #tenant: string;

  constructor(table: EntityTable, tenant: string) {
    this.#table = table;
    this.#tenant = tenant;
  }

  async put(people: readonly Person[]): Promise<void> {
    for (const [partition, group] of groupBy(people, ({ userId }) => userPartition(this.#tenant, userId))) {
      for (const part of slice(group, TRANSACTION_MAX)) {
        await this.#table.transact(
          partition,
          part.map((person) => ({ kind: "upsert", row: person.userId, columns: formatPerson(person) })),
        );
      }
    }
  }

  async find(userId: string): Promise<Person | null> {
    const row = await this.#table.get(userPartition(this.#tenant, userId), userId);
    return row === null ? null : { userId, ...parsePerson(row.columns) };
  }
}

/** 33 characters a user, ten columns of 30,000 a row: a row stays below 1 MiB. */
const USERS_A_ROW = 9_000;
const HEAD = "head";

/** Two generations: a new report is written beside the old one, then the head row points to it. */
export class TableSnapshotStore implements SnapshotStore {
  readonly #table: EntityTable;
  readonly #tenant: string;

  constructor(table: EntityTable, tenant: string) {
    this.#table = table;
    this.#tenant = tenant;
  }

  async read(): Promise<Snapshot> {
    const stored = await this.#table.get(this.#tenant, HEAD);
    if (stored === null) return { reportAt: 0, registrations: new Map() };
    const { generation, parts, reportAt } = parseSnapshotHead(stored.columns);
    const rows = await queryAll(this.#table, this.#tenant, rangeOf(`${generation}_`));
    if (rows.length < parts) throw new Error(`the registration snapshot has ${rows.length} of its ${parts} parts`);
    const registrations = rows.slice(0, parts).flatMap(({ columns }) => [...parseSnapshotPart(columns)]);
    return { reportAt, registrations: new Map(registrations) };
  }

  async write({ reportAt, registrations }: Snapshot): Promise<void> {
    const stored = await this.#table.get(this.#tenant, HEAD);
    const generation = stored !== null && parseSnapshotHead(stored.columns).generation === "a" ? "b" : "a";
    const parts = slice([...registrations], USERS_A_ROW);
    for (const [index, part] of parts.entries()) {
      const columns = formatSnapshotPart(new Map(part));
      await this.#table.transact(this.#tenant, [
        { kind: "upsert", row: `${generation}_${String(index).padStart(4, "0")}`, columns },
      ]);
    }
    const columns = formatSnapshotHead({ generation, parts: parts.length, reportAt });
    await this.#table.transact(this.#tenant, [{ kind: "upsert", row: HEAD, columns }]);
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
