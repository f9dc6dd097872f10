// DeadLetterStore over an entity table.
import { formatTime } from "../codec/columns.ts";
import { formatDeeds, formatLetter, parseDeeds, parseLetter } from "../codec/user-rows.ts";
import { DAY_MS } from "../domain/instant.ts";
import type { LetterDeed } from "../domain/letter.ts";
import type { Hash } from "../ports/chance.ts";
import type { DeadLetter, DeadLetterStore, LetterPlace, StoredLetter } from "../ports/dead-letter-store.ts";
import { Conflict } from "../ports/errors.ts";
import type { EntityTable, StoredEntity } from "../ports/entity-table.ts";
import { queryAll } from "./query-all.ts";

/** Redeliveries of one message come within its locks and retries; a later one is a new case. */
const SAME_MESSAGE_MS = DAY_MS;
const keyTime = (at: number): string => formatTime(at).replaceAll(/[^0-9]/g, "");
const letterPartition = (rollout: string | null): string => rollout ?? "_unknown";

export class TableDeadLetterStore implements DeadLetterStore {
  readonly #table: EntityTable;
  readonly #hash: Hash;
  /** The row as it was read: what a newer version added is written back. */
  readonly #read = new WeakMap<StoredLetter, StoredEntity>();

  constructor(table: EntityTable, hash: Hash) {
    this.#table = table;
    this.#hash = hash;
  }

  async record(letter: DeadLetter): Promise<string> {
    const partition = letterPartition(letter.rollout);
    const mark = this.#hash.digest(letter.messageId).slice(0, 16);
    const since = keyTime(Math.max(0, letter.at - SAME_MESSAGE_MS));
    const recent = await queryAll(this.#table, partition, { from: since, to: ":" });
    // A handler that was redelivered after its record records the same message a little later: one row all the same.
    const before = recent.find(({ row }) => row.endsWith(`_${mark}`));
    const row = before?.row ?? `${keyTime(letter.at)}_${mark}`;
    const columns = { ...before?.columns, ...formatLetter(letter) };
    const write =
      before === undefined
        ? ({ kind: "upsert", row, columns } as const)
        : ({ kind: "replace", row, columns, etag: before.etag } as const);
    await this.#table.transact(partition, [write]);
    return row;
  }

  async list(rollout: string | null): Promise<readonly StoredLetter[]> {
    const rows = await queryAll(this.#table, letterPartition(rollout), { from: "0", to: ":" });
    return rows.map((row) => this.#parse(row)).reverse();
  }

  async find({ rollout, id }: LetterPlace): Promise<StoredLetter | null> {
    const row = await this.#table.get(letterPartition(rollout), id);
    return row === null ? null : this.#parse(row);
  }

  async addDeed(letter: StoredLetter, deed: LetterDeed): Promise<void> {
    const stored = this.#read.get(letter);
    if (stored === undefined) throw new Error("a deed is added to a letter that this store did not read");
    const { row, etag } = stored;
    const columns = { ...stored.columns, ...formatDeeds([...letter.deeds, deed]) };
    try {
      await this.#table.transact(letterPartition(letter.rollout), [{ kind: "replace", row, columns, etag }]);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      const there = await this.find({ rollout: letter.rollout, id: row });
      // Our own write, whose answer was lost: two equal deeds of one person at one millisecond are one.
      const isOurs = there?.deeds.some((other) => formatDeeds([other])["deeds"] === formatDeeds([deed])["deeds"]);
      if (isOurs !== true) throw error;
    }
  }

  #parse(row: StoredEntity): StoredLetter {
    const letter = { ...parseLetter(row.columns), id: row.row, deeds: parseDeeds(row.columns) };
    this.#read.set(letter, row);
    return letter;
  }
}
