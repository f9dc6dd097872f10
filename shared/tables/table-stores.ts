// The smaller stores over entity tables: rollouts, control, users, people, snapshots, dead letters.
import { rangeOf } from "../codec/batch-rows.ts";
import { formatControl, formatLedger, parseControl, parseLedger } from "../codec/control-rows.ts";
import {
  formatGate,
  formatProgress,
  formatRollout,
  formatWave,
  gateKey,
  META_KEY,
  parseGate,
  parseProgress,
  parseRollout,
  parseWave,
  progressKey,
  waveKey,
} from "../codec/rollout-rows.ts";
import type { Control } from "../domain/control.ts";
import { NEW_CONTROL } from "../domain/control.ts";
import type { Ledger } from "../domain/ledger.ts";
import type { WaveProgress } from "../domain/progress.ts";
import type { Rollout, Wave } from "../domain/rollout.ts";
import type { ControlStore } from "../ports/control-store.ts";
import { Conflict } from "../ports/errors.ts";
import type { RolloutStore, RolloutView, Stored, StoredGate } from "../ports/rollout-store.ts";
import type { EntityTable } from "../ports/entity-table.ts";
import { queryAll } from "./query-all.ts";

export class TableRolloutStore implements RolloutStore {
  readonly #table: EntityTable;

  constructor(table: EntityTable) {
    this.#table = table;
  }

  async read(rollout: string): Promise<RolloutView | null> {
    const rows = await queryAll(this.#table, rollout, { from: META_KEY, to: rangeOf("wave_").to });
    const meta = rows.find(({ row }) => row === META_KEY);
    if (meta === undefined) return null;
    const waves = rows.filter(({ row }) => row.startsWith("wave_"));
    return {
      rollout: { value: parseRollout(meta.columns), etag: meta.etag },
      waves: waves.map(({ columns, etag }) => ({ value: parseWave(columns), etag })),
      progress: rows.filter(({ row }) => row.startsWith(progressKey(""))).map(({ columns }) => parseProgress(columns)),
    };
  }

  async create(rollout: Rollout, waves: readonly Wave[]): Promise<void> {
    try {
      await this.#table.transact(rollout.id, [
        { kind: "create", row: META_KEY, columns: formatRollout(rollout) },
        ...waves.map((wave) => ({ kind: "create", row: waveKey(wave.index), columns: formatWave(wave) }) as const),
      ]);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }

  async saveRollout({ value, etag }: Stored<Rollout>): Promise<void> {
    await this.#table.transact(value.id, [{ kind: "replace", row: META_KEY, columns: formatRollout(value), etag }]);
  }

  async saveWave(rollout: string, { value, etag }: Stored<Wave>): Promise<void> {
    await this.#table.transact(rollout, [
      { kind: "replace", row: waveKey(value.index), columns: formatWave(value), etag },
    ]);
  }

  async recordGate(rollout: string, gate: StoredGate): Promise<void> {
    const row = gateKey(gate.wave, gate.gate, gate.at);
    await this.#table.transact(rollout, [{ kind: "upsert", row, columns: formatGate(gate) }]);
  }

  async readGates(rollout: string): Promise<readonly StoredGate[]> {
    const newest = new Map<string, StoredGate>();
    for (const { columns } of await queryAll(this.#table, rollout, rangeOf("gate_"))) {
      const gate = parseGate(columns);
      newest.set(`${gate.wave}/${gate.gate}`, gate);
    }
    return [...newest.values()];
  }

  async saveProgress(rollout: string, progress: WaveProgress, at: number): Promise<void> {
    const row = progressKey(progress.wave);
    await this.#table.transact(rollout, [{ kind: "upsert", row, columns: formatProgress(progress, at) }]);
  }
}

const CONTROL_KEY = "control";
const LEDGER_KEY = "ledger";
const UPDATES_MAX = 5;

export class TableControlStore implements ControlStore {
  readonly #table: EntityTable;
  readonly #tenant: string;

  constructor(table: EntityTable, tenant: string) {
    this.#table = table;
    this.#tenant = tenant;
  }

  async readControl(): Promise<Stored<Control>> {
    const row = await this.#table.get(this.#tenant, CONTROL_KEY);
    return row === null ? { value: NEW_CONTROL, etag: "" } : { value: parseControl(row.columns), etag: row.etag };
  }

  async updateControl(change: (control: Control) => Control): Promise<Control> {
    for (let tries = 1; ; tries += 1) {
      const { value, etag } = await this.readControl();
      const next = change(value);
      if (next === value) return value;
      try {
        await this.#write(CONTROL_KEY, formatControl(next), etag === "" ? null : etag);
        return next;
      } catch (error) {
        // Also after an own write whose answer was lost: the change is asked again, and is idempotent.
        if (!(error instanceof Conflict) || tries >= UPDATES_MAX) throw error;
      }
    }
  }

  async readLedger(): Promise<Stored<Ledger> | null> {
    const row = await this.#table.get(this.#tenant, LEDGER_KEY);
    return row === null ? null : { value: parseLedger(row.columns), etag: row.etag };
  }

  async saveLedger(ledger: Ledger, etag: string | null): Promise<void> {
    await this.#write(LEDGER_KEY, formatLedger(ledger), etag);
  }

  async #write(row: string, columns: ReturnType<typeof formatControl>, etag: string | null): Promise<void> {
    const write =
      etag === null ? ({ kind: "create", row, columns } as const) : ({ kind: "replace", row, columns, etag } as const);
    await this.#table.transact(this.#tenant, [write]);
  }
}
